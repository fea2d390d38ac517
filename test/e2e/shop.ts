/**
 * What the tests observe: one pod of a StatefulSet, of the same name everywhere, with a volume, annotated to be scraped by
 * itself and by its Service. Half-way through its lines its container falls and is started again.
 */
export const SHOP_LINES = 500

const annotations = { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8080' }
const labels = { app: 'shop' }

const objectsOf = (name: string) => [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'shop', namespace: 'shop', labels, annotations },
    spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
  },
  {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'shop' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'shop',
      hostPath: { path: '/var/lib/shop', type: 'DirectoryOrCreate' },
    },
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
              env: [
                { name: 'SHOP_LINES', value: String(SHOP_LINES) },
                { name: 'SHOP_NAME', value: name },
                { name: 'SHOP_STATE', value: '/state/fallen' },
              ],
              securityContext: { runAsUser: 0 },
              volumeMounts: [{ name: 'state', mountPath: '/state' }],
              ports: [{ name: 'http', containerPort: 8080 }],
              readinessProbe: { httpGet: { port: 'http' } },
              resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { cpu: '200m', memory: '128Mi' } },
            },
          ],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'state' },
          spec: { storageClassName: 'shop', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  },
]

/** For `kubectl create -f -`; the name is what its log begins with. */
export const shopCalled = (name: string): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objectsOf(name) })
