/** What the tests observe: one pod of a StatefulSet, of the same name everywhere, annotated to be scraped by itself and by its Service. */
export const SHOP_LINES = 500

const annotations = { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8080' }
const labels = { app: 'shop' }

const objects = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'shop', namespace: 'shop', labels, annotations },
    spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'shop', namespace: 'shop', labels },
    spec: {
      serviceName: 'shop',
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations },
        spec: {
          terminationGracePeriodSeconds: 2,
          containers: [
            {
              name: 'shop',
              image: 'example/shop:1',
              env: [{ name: 'SHOP_LINES', value: String(SHOP_LINES) }],
              ports: [{ name: 'http', containerPort: 8080 }],
              readinessProbe: { httpGet: { port: 'http' } },
              resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { cpu: '200m', memory: '128Mi' } },
            },
          ],
        },
      },
    },
  },
]

/** For `kubectl create -f -`. */
export const SHOP = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
