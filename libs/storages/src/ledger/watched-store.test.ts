import { createMemoryLedgerStore } from '@clymene/ledger'
import { RetryableError } from '@clymene/model'
import { expect, test } from 'vitest'

import { watchStore } from './watched-store.ts'

const never = new AbortController().signal

test('a store that fails is in trouble until a call succeeds; a report alone says nothing', async () => {
  let error: Error | undefined
  const memory = createMemoryLedgerStore()
  const { store, trouble } = watchStore({
    ...memory,
    save: (...call) => (error === undefined ? memory.save(...call) : Promise.reject(error)),
    load: (...call) => (error === undefined ? memory.load(...call) : Promise.reject(error)),
  })
  expect(trouble()).toBeUndefined()
  error = new RetryableError('not authorized to access the topic')
  await expect(store.save('a', Buffer.from('1'), never)).rejects.toBe(error)
  await store.all(never)
  expect(trouble()).toBe('the books cannot be read or saved, delivery goes on without them: not authorized to access the topic')
  error = undefined
  await store.save('a', Buffer.from('1'), never)
  expect(trouble()).toBeUndefined()
  expect(String(await store.load('a', never))).toBe('1')
  error = new RetryableError('away')
  await expect(store.load('a', never)).rejects.toBe(error)
  expect(trouble()).toMatch(/: away$/)
})
