import { expect, test } from 'vitest'

import { failureOfError } from './produce-failure.ts'
import { currentSasl } from './sasl.ts'

const optionsOf = (password: () => string) => currentSasl({ mechanism: 'plain', username: 'u', password })

test('the password is what it is at that moment', () => {
  let current = 'old'
  const options = optionsOf(() => current)
  current = 'new'
  expect(options).toEqual({ mechanism: 'plain', username: 'u', password: 'new' })
})

test('one that cannot be read is for somebody to mend', () => {
  const options = optionsOf(() => {
    throw new Error('cannot read /p: no such file')
  })
  const read = () => ({ ...options })
  expect(read).toThrow('cannot read /p: no such file')
  try {
    read()
  } catch (error) {
    expect(failureOfError(error)).toEqual({ verdict: 'operator', reason: 'cannot read /p: no such file' })
  }
})
