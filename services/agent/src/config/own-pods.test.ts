import { createDiscoveryContext } from '@clymene/discovery'
import type { Discoverer, Logger, TargetGroup } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { expect, test } from 'vitest'

import { createLogDiscoverer } from './own-pods.ts'

const pod: TargetGroup = { source: 'pod/n/a', labels: new Map(), targets: [new Map([['__address__', 'a']])] }
const gone: TargetGroup = { source: 'pod/n/a', labels: new Map(), targets: [] }
const NO_POD = ['no pod on node n1 (HOSTNAME says which) {"job":"j"}']

test.each<[what: string, ofNode: string | undefined, updates: readonly (readonly TargetGroup[])[], lines: readonly string[]]>([
  ['none at first', 'n1', [[]], NO_POD],
  ['only pods without an address', 'n1', [[gone]], NO_POD],
  ['none, and then none again', 'n1', [[], []], NO_POD],
  ['none at first, one later', 'n1', [[], [pod]], NO_POD],
  ['one', 'n1', [[pod]], []],
  ['one that goes', 'n1', [[pod], [gone]], []],
  ['nothing found yet', 'n1', [], []],
  ['of all nodes', undefined, [[]], []],
])('%s', async (_what, ofNode, updates, expected) => {
  const lines: string[] = []
  const logger: Logger = { ...silentLogger, info: (message, fields) => void lines.push(`${message} ${JSON.stringify(fields)}`) }
  const seen: (readonly TargetGroup[])[] = []
  const inner: Discoverer = { run: async (update) => updates.forEach(update) }
  const context = { ...createDiscoveryContext({ logger, metrics: createMetrics() }), ownNodeHint: 'HOSTNAME says which' }
  const discoverer = createLogDiscoverer({ kind: 'kubernetes_sd_configs', ofNode, create: () => inner }, 'j', context)
  // Each storage has a reader of its own, and all of them run the same discoverer.
  for (let reader = 0; reader < 2; reader++) await discoverer.run((groups) => seen.push(groups), new AbortController().signal)
  expect(lines).toEqual(expected)
  expect(seen).toEqual([...updates, ...updates])
})

test('namespaces that are excluded have no targets, also when their pods change', async () => {
  const inNamespace = (namespace: string): TargetGroup => ({
    ...pod,
    source: `pod/${namespace}/a`,
    labels: new Map([['__meta_kubernetes_namespace', namespace]]),
  })
  const groups = [inNamespace('default'), inNamespace('kube-system'), inNamespace('kube-system-2'), pod]
  const inner: Discoverer = { run: async (update) => update(groups), waits: () => true }
  const context = {
    ...createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() }),
    excludedNamespaces: ['kube-system', 'kube-logging'],
  }
  const discoverer = createLogDiscoverer({ kind: 'kubernetes_sd_configs', ofNode: 'n1', create: () => inner }, 'j', context)
  const seen: TargetGroup[] = []
  await discoverer.run((found) => seen.push(...found), new AbortController().signal)
  expect(seen.filter(({ targets }) => targets.length > 0).map(({ source }) => source)).toEqual([
    'pod/default/a',
    'pod/kube-system-2/a',
    'pod/n/a',
  ])
  expect(seen).toHaveLength(4)
  expect(discoverer.waits?.()).toBe(true)
})
