/**
 * Stands in for kube-state-metrics 2 in a container: with the pod's service account it lists what there is at every
 * scrape. Takes `--port`, `--telemetry-port` and `--resources`; /healthz, /livez and /readyz answer when the lists can be read.
 */
import { createServer } from 'node:http'

import { createApi } from './api.ts'
import { KUBE_STATE_LISTS, type KubeStateLists } from './bodies/kube-state-lists.ts'
import { kubeStateBody } from './bodies/kube-state.ts'

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'
const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env
const api = createApi({ url: `https://${host}:${port}`, caFile: `${ACCOUNT}/ca.crt`, tokenFile: `${ACCOUNT}/token` })

const flag = (name: string): string | undefined => process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3)
const resources = flag('resources')?.split(',') ?? Object.keys(KUBE_STATE_LISTS)

async function read(): Promise<KubeStateLists> {
  const lists = await Promise.all(
    Object.entries(KUBE_STATE_LISTS).map(
      async ([name, path]) => [name, resources.includes(name) ? (await api.get<{ items: unknown[] }>(path)).items : []] as const,
    ),
  )
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each list has its name
  return Object.fromEntries(lists) as unknown as KubeStateLists
}

const serve = (at: number): void => {
  createServer((request, response) => {
    read().then(
      (lists) => {
        const isBody = at === metricsPort && request.url === '/metrics'
        response.setHeader('content-type', 'text/plain; version=0.0.4').end(isBody ? kubeStateBody(lists) : 'OK')
      },
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`)
        response.writeHead(503).end(String(error))
      },
    )
  }).listen(at)
}

const metricsPort = Number(flag('port') ?? 8080)
serve(metricsPort)
serve(Number(flag('telemetry-port') ?? 8081))
process.on('SIGTERM', () => process.exit(0))
