import fc from 'fast-check'
import { expect, test } from 'vitest'

import { createProgress } from './progress.ts'

test('a mark is reached when everything written before it is acknowledged', () => {
  const reached: string[] = []
  const { written, mark } = createProgress<string>((one) => reached.push(one))
  mark('nothing before')
  const [a, b] = [written(), written()]
  mark('two before')
  mark('the same two')
  const c = written()
  mark('three')
  expect(reached).toEqual(['nothing before'])
  a()
  expect(reached).toHaveLength(1)
  b()
  expect(reached).toEqual(['nothing before', 'the same two'])
  c()
  expect(reached).toEqual(['nothing before', 'the same two', 'three'])
})

test('marks are reached in order and never too soon', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('write', 'mark', 'acknowledge'), { maxLength: 100 }), (steps) => {
      let reachedAfter = 0
      let [done, total] = [0, 0]
      const { written, mark } = createProgress<number>((after) => {
        expect(after).toBeLessThanOrEqual(done)
        expect(after).toBeGreaterThanOrEqual(reachedAfter)
        reachedAfter = after
      })
      const owed: (() => void)[] = []
      for (const step of steps) {
        if (step === 'mark') mark(total)
        else if (step === 'write') {
          total++
          owed.push(written())
        } else if (owed.length > 0) {
          done++
          owed.shift()?.()
        }
      }
      mark(total)
      for (const acknowledge of owed) {
        done++
        acknowledge()
      }
      expect(reachedAfter).toBe(total)
    }),
  )
})
