import { expect, test } from 'vitest'

import { createAccounts } from './accounts.ts'

const to = (): string => 'kafka'
const number = (cluster: string | undefined, epoch = 1) => ({
  agent: 'gateway-1',
  epoch,
  sequence: 1,
  ...(cluster === undefined ? {} : { cluster }),
})

test('sent = acknowledged + buffered + dropped + unanswered, by kind and cluster', () => {
  const { begin, report } = createAccounts({ to })
  begin('metrics', number('c1', 5))('acknowledged')
  begin('metrics', number('c1', 6))('dropped')
  begin('metrics', number('c1', 7))('unanswered')
  begin('metrics', number('c1', 8))
  begin('logs', number(undefined, 9))('acknowledged')
  const common = { agent: 'gateway-1', to: 'kafka' }
  expect(report()).toEqual([
    { ...common, kind: 'metrics', cluster: 'c1', epoch: 5, sent: 4, acknowledged: 1, buffered: 1, dropped: 1, unanswered: 1 },
    { ...common, kind: 'logs', cluster: '', epoch: 9, sent: 1, acknowledged: 1, buffered: 0, dropped: 0, unanswered: 0 },
  ])
})

test('clusters beyond the limit share an account, those before keep theirs', () => {
  const { begin, report } = createAccounts({ to, maxClusters: 2 })
  for (const cluster of ['a', 'b', 'c', 'd', 'a']) begin('metrics', number(cluster))('acknowledged')
  expect(report().map(({ cluster, acknowledged }) => [cluster, acknowledged])).toEqual([
    ['a', 2],
    ['b', 1],
    ['', 2],
  ])
})
