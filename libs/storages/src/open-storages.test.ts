import type { OpenStorage, Storage } from '@clymene/model'
import { createMetrics, createReadiness } from '@clymene/runtime'
import { expect, onTestFinished, test } from 'vitest'

import { openStorages } from './open-storages.ts'
import { createRecordingLogger } from './testing/recording-logger.ts'

test('a storage that is back is told to who writes there, each time that it was away', async () => {
  const answers = [new Error('refused'), undefined]
  const storage: OpenStorage = {
    sinks: { metrics: { write: () => Promise.resolve() } },
    check: () => {
      const answer = answers.shift()
      return answer === undefined ? Promise.resolve() : Promise.reject(answer)
    },
    close: () => Promise.resolve(),
  }
  const one: Storage = { name: 's', help: '', kinds: ['metrics'], flags: {}, open: () => Promise.resolve(storage) }
  const { logger, lines } = createRecordingLogger()
  const selection = { selected: [one], byKind: new Map([['metrics' as const, [one]]]) }
  const storages = await openStorages({ selection, values: {}, logger, version: '1', metrics: createMetrics() })
  onTestFinished(storages.close)
  let heard = 0
  storages.sinks.get('metrics')?.[0]?.onReturn?.(() => heard++)
  const stop = new AbortController()
  const watching = storages.watch(createReadiness(), stop.signal)
  await expect.poll(() => heard, { timeout: 20_000 }).toBe(1)
  expect(lines.map(({ message }) => message)).toEqual(['storage is away', 'storage is back'])
  stop.abort()
  await watching
})
