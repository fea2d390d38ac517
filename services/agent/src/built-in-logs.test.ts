import { readFileSync } from 'node:fs'

import { createDiscoveryContext } from '@clymene/discovery'
import { compileRelabel } from '@clymene/relabel'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { expect, test } from 'vitest'

import { builtInLogs } from './built-in-logs.ts'
import { readLogConfigs } from './read-configs.ts'

const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
const text = builtInLogs({ 'buffer.dir': '/var/lib/my: "odd" folder' })

test('it is a good configuration, also where variables are put in', () => {
  const [plain] = readLogConfigs([text], context)
  expect(plain).toMatchObject({ positionsPath: '/var/lib/my: "odd" folder/positions.yaml', warnings: [] })
  const [job] = plain?.jobs ?? []
  expect(plain?.jobs).toHaveLength(1)
  expect(job?.discoverers).toHaveLength(1)
  expect(job?.pipeline).toHaveLength(2)
  const [expanded] = readLogConfigs([text], { ...context, expandFrom: {} })
  expect(JSON.stringify(expanded)).toBe(JSON.stringify(plain))
})

test('the job that the guide shows is a good one, too', () => {
  const guide = readFileSync(new URL('../../../docs/logs.md', import.meta.url), 'utf8')
  const chapter = guide.slice(guide.indexOf('\n## Pods\n'))
  const example = /^```yaml\n(.*?)^```$/ms.exec(chapter)?.[1] ?? ''
  const [config] = readLogConfigs([{ path: 'guide', text: example }], context)
  expect(config?.jobs.map(({ name, discoverers }) => [name, discoverers.length])).toEqual([['shop', 1]])
})

const PATH = { namespace: 'shop', pod_container_name: 'main', pod_uid: 'u', pod_node_name: 'n1' }
const API = { ...PATH, pod_phase: 'Running' }
const ALL = { namespace: 'shop', container: 'main', node_name: 'n1' }

test.each<[what: string, discovered: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>]>([
  [
    'the labels that Kubernetes recommends',
    {
      ...API,
      pod_name: 'backend-prod-1',
      pod_label_app_kubernetes_io_name: 'backend',
      pod_label_app_kubernetes_io_instance: 'backend-prod',
      pod_label_app_kubernetes_io_component: 'api',
      pod_label_app: 'other',
      pod_label_instance: 'other',
      pod_label_component: 'other',
      pod_controller_name: 'other',
    },
    { app: 'backend', instance: 'backend-prod', component: 'api', job: 'shop/backend', pod: 'backend-prod-1' },
  ],
  [
    'short labels',
    { ...API, pod_name: 'p', pod_label_app: 'web', pod_label_instance: 'web-1', pod_label_component: 'front' },
    { app: 'web', instance: 'web-1', component: 'front', job: 'shop/web', pod: 'p' },
  ],
  [
    'a pod of a Deployment',
    { ...API, pod_name: 'web-5f7d9c4b8b-x7k2p', pod_controller_name: 'web-5f7d9c4b8b' },
    { app: 'web', job: 'shop/web', pod: 'web-5f7d9c4b8b-x7k2p' },
  ],
  ['a pod of a StatefulSet', { ...API, pod_name: 'db-0', pod_controller_name: 'db' }, { app: 'db', job: 'shop/db', pod: 'db-0' }],
  ['a pod that nothing made keeps its name', { ...API, pod_name: 'one-2' }, { app: 'one-2', job: 'shop/one-2', pod: 'one-2' }],
  ...(
    [
      ['of a Deployment', 'web-5f7d9c4b8b-x7k2p', 'web'],
      ['of a DaemonSet', 'node-exporter-x7k2p', 'node-exporter'],
      ['of a StatefulSet', 'db-12', 'db'],
      ['of a CronJob', 'backup-28391040-x7k2p', 'backup'],
      ['of a file', 'etcd-n1', 'etcd-n1'],
      ['of nobody', 'nginx', 'nginx'],
      ['of nobody, with a word at the end', 'my-nginx', 'my-nginx'],
    ] as const
  ).map(
    ([what, pod, app]) =>
      [`by its path only, a pod ${what}`, { ...PATH, pod_name: pod }, { app, job: `shop/${app}`, pod }] as [
        string,
        Readonly<Record<string, string>>,
        Readonly<Record<string, string>>,
      ],
  ),
])('labels: %s', (_what, discovered, expected) => {
  const relabel = compileRelabel(readLogConfigs([text], context)[0]?.jobs[0]?.relabel ?? [])
  const labels = new Map(Object.entries(discovered).map(([name, value]) => [`__meta_kubernetes_${name}`, value]))
  labels.set('__path__', '/var/log/pods/x/main/*.log')
  expect(relabel(labels)).toBe(true)
  const sent = [...labels].filter(([name, value]) => !name.startsWith('__') && value !== '')
  expect(Object.fromEntries(sent)).toEqual({ ...ALL, ...expected })
  expect(labels.get('__path__')).toBe('/var/log/pods/x/main/*.log')
})
