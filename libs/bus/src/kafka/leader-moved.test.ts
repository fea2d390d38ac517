import { expect, test } from 'vitest'

import { whileLeadersMove } from './leader-moved.ts'

const failing = (code: number): Error => Object.assign(new Error(`code ${code}`), { code })

/** Fails with these, one after the other, then answers. */
const answerAfter = (errors: readonly Error[]) => {
  const left = [...errors]
  return async (): Promise<string> => {
    const error = left.shift()
    if (error !== undefined) throw error
    return 'answer'
  }
}

test.each([
  { name: 'at once', errors: [] },
  { name: 'from the new leader', errors: [failing(6)] },
  { name: 'once there is a leader', errors: [failing(5), failing(6)] },
])('an answer comes $name', async ({ errors }) => {
  let looks = 0
  const answer = await whileLeadersMove(answerAfter(errors), async () => void looks++)
  expect(answer).toBe('answer')
  expect(looks).toBe(errors.length)
})

test('other errors are told at once', async () => {
  const looks: string[] = []
  await expect(whileLeadersMove(answerAfter([failing(29)]), async () => void looks.push('looked'))).rejects.toThrow('code 29')
  expect(looks).toEqual([])
})

test('a leader that does not come is told', async () => {
  const errors = Array.from({ length: 30 }, () => failing(5))
  await expect(whileLeadersMove(answerAfter(errors), async () => undefined)).rejects.toThrow('code 5')
})
