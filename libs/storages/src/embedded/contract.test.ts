import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Kind, OpenStorage } from '@clymene/model'

import { describeStorageContract, deliveryOf, openByFlags, type Refusable } from '../contract.ts'
import type { LabelMatcher } from './matchers.ts'
import { embeddedStorage } from './storage.ts'
import type { EmbeddedStore } from './store.ts'

const traits = { kinds: embeddedStorage.kinds, keepsOnce: true, keepsSpecialValues: true, isRemote: false, refuses: true }

describeStorageContract('embedded', traits, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'clymene-store-'))
  let store: EmbeddedStore | undefined
  const ofCluster = (value: string): LabelMatcher[] => [{ name: 'cluster', op: '=', value }]
  return {
    open: async (): Promise<OpenStorage> => {
      const opened = await openByFlags('embedded', [`--embedded.dir=${directory}`, '--embedded.max-bytes=16MiB'])
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what embeddedStorage opens, whose type the registry forgets
      store = opened as EmbeddedStore
      return opened
    },
    metrics: async (cluster) => {
      const series = await store?.range({ name: 'contract', matchers: ofCluster(cluster), fromMs: 0, toMs: 1e15, stepMs: 1, fn: 'raw' })
      return (series ?? []).map(({ labels, points }) => ({
        labels,
        samples: points.map(([timestampMs, value]) => ({ timestampMs, value })),
      }))
    },
    logs: async (cluster) => {
      const lines = await store?.logs({ matchers: ofCluster(cluster), limit: 5000 })
      return (lines ?? []).map(({ labels, timestampNs, line }) => ({ labels, entries: [{ timestampNs, line }] }))
    },
    refusal: (kind: Kind, cluster: string): Refusable => ({
      before: [deliveryOf(kind, cluster, [['a', 0, 'before']], 1)],
      mixed: deliveryOf(
        kind,
        cluster,
        [
          ['a', 1, 'fine'],
          // Labels over 64 KiB, a line over a sixteenth of the store.
          kind === 'metrics' ? ['x'.repeat(70_000), 1, 'refused'] : ['a', 2, 'x'.repeat(600_000)],
          ['b', 1, 'fine'],
        ],
        2,
      ),
      refused: 1,
    }),
    stop: async () => rmSync(directory, { recursive: true, force: true }),
  }
})
