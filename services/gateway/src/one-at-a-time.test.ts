import { expect, test } from 'vitest'

import { oneAtATime } from './one-at-a-time.ts'

test('the next begins when the one before has ended, also by a failure', async () => {
  const turn = oneAtATime()
  const log: string[] = []
  const first = Promise.withResolvers<void>()
  const outcomes = Promise.allSettled([
    turn(async () => {
      log.push('first begins')
      await first.promise
      throw new Error('first failed')
    }),
    turn(async () => log.push('second begins')),
  ])
  await Promise.resolve()
  log.push('released')
  first.resolve()
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  expect(log).toEqual(['first begins', 'released', 'second begins'])
})
