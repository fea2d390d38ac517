import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { describeWithEngines } from '../engines/index.ts'
import { type Cluster, startCluster } from '../kubernetes/cluster.ts'
import { namespaces } from '../kubernetes/namespaces.ts'
import type { Pod } from '../kubernetes/objects.ts'

const WAIT = { timeout: 30_000, interval: 100 }
const images = { busybox: { files: [], entrypoint: ['sh'], command: ['-c', 'sleep infinity'] } }

/** Tells what it sees of its cluster, a line a second, and serves its own name. */
const SCRIPT = `
trap 'echo asked to end; exit 0' TERM
python3 -c 'import http.server as h, os, sys
class Name(h.BaseHTTPRequestHandler):
  def do_GET(self):
    self.send_response(200); self.end_headers(); self.wfile.write(os.environ["HOSTNAME"].encode())
  def log_message(self, *args): pass
h.HTTPServer(("", 8000), Name).serve_forever()' &
while true; do
  echo "color $(cat /config/color) token $(wc -c < /var/run/secrets/kubernetes.io/serviceaccount/token) names $(getent ahostsv4 web | grep -c STREAM) $(getent hosts pods.default.svc | wc -l) node $NODE"
  sleep 1
done`

const labels = { app: 'web' }
const objects = [
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'web' }, data: { color: 'red' } },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { type: 'NodePort', selector: labels, ports: [{ port: 80, targetPort: 'http', nodePort: 30080 }] },
  },
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'pods' }, spec: { clusterIP: 'None', selector: labels, ports: [{ port: 8000 }] } },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'nobody' },
    spec: { type: 'NodePort', selector: { app: 'nobody' }, ports: [{ port: 80, nodePort: 30081 }] },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 5,
          containers: [
            {
              name: 'web',
              image: 'busybox:1',
              args: ['-c', SCRIPT],
              env: [{ name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
              ports: [{ name: 'http', containerPort: 8000 }],
              readinessProbe: { httpGet: { port: 'http' } },
              volumeMounts: [{ name: 'config', mountPath: '/config' }],
            },
          ],
          volumes: [{ name: 'config', configMap: { name: 'web' } }],
        },
      },
    },
  },
]

describeWithEngines(
  ['kubernetes'],
  'nodes that stand in for kubelets',
  () => {
    let cluster: Cluster
    beforeAll(async () => {
      cluster = await startCluster({ images, nodes: [{ name: 'one' }, { name: 'two' }] })
      await cluster.kubernetes.kubectl(['create', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) })
      await cluster.kubernetes.kubectl(['rollout', 'status', 'deployment/web', '--timeout=60s'])
    })
    afterAll(() => cluster?.stop())

    const podsNow = async (): Promise<Pod[]> => (await cluster.api.get<{ items: Pod[] }>('/api/v1/namespaces/default/pods')).items
    const lastLine = (name: string): Promise<string> => cluster.kubernetes.kubectl(['logs', name, '--tail=1'])

    test('pods are spread over the nodes, know their configuration, their node, their token and the Services by name', async () => {
      const pods = await podsNow()
      expect(pods.map(({ spec }) => String(spec.nodeName)).toSorted()).toEqual(['one', 'two'])
      for (const { metadata, spec } of pods)
        await expect
          .poll(() => lastLine(metadata.name), WAIT)
          .toMatch(new RegExp(`^color red token [0-9]{3,} names 1 2 node ${spec.nodeName}$`, 'm'))
      await cluster.api.patch('/api/v1/namespaces/default/configmaps/web', { data: { color: 'blue' } })
      await expect.poll(() => lastLine(pods[0]?.metadata.name ?? ''), WAIT).toContain('color blue')
    })

    test('a NodePort of every node leads to every pod; one without a pod is refused', async () => {
      const names = (await podsNow()).map(({ metadata }) => metadata.name).toSorted()
      for (const { address } of cluster.nodes) {
        const found = new Set<string>()
        const ask = async (): Promise<string[]> => {
          found.add(await (await fetch(`http://${address}:30080`, { headers: { connection: 'close' } })).text())
          return [...found].toSorted()
        }
        await expect.poll(ask, WAIT).toEqual(names)
        expect(await refusal(address, 30_081)).toBe('ECONNREFUSED')
      }
    })

    test('what is not there yet is told in the status; a pod that is deleted is asked to end', async () => {
      await cluster.kubernetes.kubectl(['run', 'wrong', '--image=nowhere/nothing:1'])
      const reason = () =>
        cluster.kubernetes.kubectl(['get', 'pod', 'wrong', '-o', 'jsonpath={.status.containerStatuses[0].state.waiting.reason}'])
      await expect.poll(reason, WAIT).toBe('ErrImagePull')
      const [pod] = (await podsNow()).filter(({ metadata }) => metadata.name.startsWith('web'))
      const node = cluster.nodes.find(({ name }) => name === pod?.spec.nodeName)
      await cluster.kubernetes.kubectl(['delete', 'pod', pod?.metadata.name ?? '', '--timeout=20s'])
      const folder = join(node?.hostRoot ?? '', 'var/log/pods')
      const log = readdirSync(folder).find((entry) => entry.includes(pod?.metadata.uid ?? '?')) ?? ''
      expect(readFileSync(join(folder, log, 'web/0.log'), 'utf8')).toMatch(/ stdout F asked to end\n$/)
    })

    test('nothing is left of a cluster whose process was killed', async () => {
      const program = `import { startCluster } from ${JSON.stringify(join(import.meta.dirname, '../kubernetes/cluster.ts'))}
        const { outside, nodes } = await startCluster({ images: {}, nodes: [{ name: 'lost' }] })
        process.stdout.write(JSON.stringify({ outside, hostRoot: nodes[0].hostRoot }) + '\\n')
        setInterval(() => {}, 1000)`
      const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] })
      const line = await new Promise<string>((resolve) => child.stdout.setEncoding('utf8').once('data', resolve))
      const { outside }: { outside: string } = JSON.parse(line)
      const isThere = (): boolean =>
        Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === outside) === true)
      expect(isThere()).toBe(true)
      const networks = new Set(processesOf(child.pid ?? 0).map(({ network }) => network))
      expect(networks.size).toBe(2)
      child.kill('SIGKILL')
      await expect.poll(() => processesOf(child.pid ?? 0), WAIT).toEqual([])
      // The interface goes with the last process of its network: the kernel takes that away in its own time, on a busy machine in minutes.
      await expect.poll(() => processes().filter(({ network }) => networks.has(network)), WAIT).toEqual([])
      expect([...networks].filter((network) => readFileSync('/proc/self/mountinfo', 'utf8').includes(network))).toEqual([])
    })
  },
  [namespaces],
)

type Process = { readonly command: string; readonly network: string }

/** Those whose command names a folder of that process: its control plane and its nodes. */
const processesOf = (pid: number): readonly Process[] => processes().filter(({ command }) => command.includes(`clymene-engine-${pid}-`))

const processes = (): readonly Process[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return [{ command, network: readlinkSync(`/proc/${entry}/ns/net`) }]
      } catch {
        // It ended meanwhile.
        return []
      }
    })

const refusal = (host: string, port: number): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect({ host, port }, () => {
      socket.destroy()
      resolve('connected')
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
  })
