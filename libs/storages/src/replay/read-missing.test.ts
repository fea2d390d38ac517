import { RetryableError, type Bus } from '@clymene/model'
import { expect, test } from 'vitest'

import { readLetters } from './read-letters.ts'

test.each<[what: string, cause: Error, expected: object]>([
  [
    'that is not there has none, and is named',
    Object.assign(new Error('x'), { type: 'UNKNOWN_TOPIC_OR_PARTITION' }),
    { missing: ['t-dead-letter'] },
  ],
  ['that cannot be read is an error', new Error('away'), { error: 'RetryableError: no' }],
])('a topic %s', async (_what, cause, expected) => {
  const missing: string[] = []
  const bus: Pick<Bus, 'lag' | 'read'> = {
    lag: () => Promise.reject(new RetryableError('no', { cause })),
    read: async function* () {
      yield await Promise.reject(new Error('nothing to read'))
    },
  }
  const letters = readLetters({ bus, topic: 't', onMissing: (topic) => void missing.push(topic) }, new AbortController().signal)
  const end = await letters.next().then(
    ({ done }) => (done === true ? { missing } : { missing, done }),
    (error: unknown) => ({ error: String(error) }),
  )
  expect(end).toEqual(expected)
})
