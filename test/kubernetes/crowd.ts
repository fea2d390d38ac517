import type { StoredObject } from '../engines/index.ts'

/**
 * So many pods, as large as a real API server keeps them, spread over namespaces and nodes; every tenth asks to be scraped. Nothing owns them:
 * a controller would take those for garbage whose owner is not there.
 */
export function* crowdOfPods(count: number, { namespaces, nodes }: { namespaces: number; nodes: number }): Generator<StoredObject> {
  for (let index = 0; index < count; index++) {
    const app = `app-${index % 400}`
    const address = `10.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`
    const labels = {
      app,
      'app.kubernetes.io/name': app,
      'app.kubernetes.io/part-of': 'crowd',
      'pod-template-hash': `5d8f9c${index % 97}`,
      track: 'stable',
    }
    const annotations = {
      'prometheus.io/scrape': String(index % 10 === 0),
      'prometheus.io/port': '9102',
      'kubectl.kubernetes.io/restartedAt': '2026-01-01T00:00:00Z',
      'cni.projectcalico.org/podIP': `${address}/32`,
    }
    yield {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `${app}-5d8f9c${index % 97}-${index}`,
        namespace: namespaceOf(index % namespaces),
        uid: uidOf('a', index),
        creationTimestamp: CREATED,
        labels,
        annotations,
        managedFields: [managed('kube-controller-manager', 3000), managed('kubelet', 2500)],
      },
      spec: {
        nodeName: nodeName(index % nodes),
        serviceAccountName: 'default',
        volumes: [{ name: 'token', projected: { sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: 'token' } }] } }],
        containers: [
          containerOf('main', app, [
            { name: 'http', containerPort: 8080, protocol: 'TCP' },
            { name: 'metrics', containerPort: 9102, protocol: 'TCP' },
          ]),
          containerOf('sidecar', 'proxy', [{ name: 'mesh', containerPort: 15020, protocol: 'TCP' }]),
        ],
      },
      status: {
        phase: 'Running',
        podIP: address,
        podIPs: [{ ip: address }],
        hostIP: addressOf(index % nodes),
        startTime: CREATED,
        conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
          type,
          status: 'True',
          lastTransitionTime: CREATED,
        })),
        containerStatuses: ['main', 'sidecar'].map((name) => ({
          name,
          ready: true,
          restartCount: 0,
          image: `registry.example/${name}:1`,
          imageID: `registry.example/${name}@sha256:${'0'.repeat(64)}`,
          containerID: `containerd://${'f'.repeat(56)}${String(index).padStart(8, '0')}`,
          state: { running: { startedAt: CREATED } },
        })),
      },
    }
  }
}

export function* crowdOfNodes(count: number): Generator<StoredObject> {
  for (let index = 0; index < count; index++) {
    yield {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: nodeName(index),
        uid: uidOf('b', index),
        creationTimestamp: CREATED,
        labels: { 'kubernetes.io/hostname': nodeName(index), 'topology.kubernetes.io/zone': `eu-1${'abc'[index % 3]}` },
        annotations: { 'node.alpha.kubernetes.io/ttl': '0' },
        managedFields: [managed('kubelet', 2500)],
      },
      spec: { podCIDR: `10.${index >> 8}.${index & 255}.0/24` },
      status: {
        addresses: [
          { type: 'InternalIP', address: addressOf(index) },
          { type: 'Hostname', address: nodeName(index) },
        ],
        conditions: ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => ({
          type,
          status: type === 'Ready' ? 'True' : 'False',
        })),
        daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
        images: Array.from({ length: 50 }, (_, image) => ({
          names: [`registry.example/image-${image}@sha256:${'0'.repeat(64)}`],
          sizeBytes: image * 1e6,
        })),
      },
    }
  }
}

export const namespaceOf = (index: number): string => `crowd-${index}`
const nodeName = (index: number): string => `worker-${index}`
const addressOf = (node: number): string => `192.168.${node >> 8}.${node & 255}`
const uidOf = (kind: string, index: number): string => `00000000-0000-4000-${kind}000-${String(index).padStart(12, '0')}`
const CREATED = '2026-01-01T00:00:00Z'

const containerOf = (name: string, app: string, ports: readonly object[]) => ({
  name,
  image: `registry.example/${app}:1.2.3`,
  ports,
  env: Array.from({ length: 20 }, (_, index) => ({ name: `SETTING_NUMBER_${index}`, value: `the value of setting ${index} of ${app}` })),
  resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
  livenessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 10 },
  volumeMounts: [{ name: 'token', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true }],
})

/** Who wrote which field: a third of most objects. */
const managed = (manager: string, bytes: number) => ({
  manager,
  operation: 'Update',
  apiVersion: 'v1',
  time: CREATED,
  fieldsType: 'FieldsV1',
  fieldsV1: Object.fromEntries(
    Array.from({ length: Math.round(bytes / 40) }, (_, index) => [`f:aFieldThatHasBeenWritten${index}`, { '.': {} }]),
  ),
})
