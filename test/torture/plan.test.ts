import fc from 'fast-check'
import { expect, test } from 'vitest'

import { hasOwnTime } from './lines.ts'
import { describeFault, planOf, type Fault } from './plan.ts'

const options = { faults: 6, loadMs: 12_000 }

test('a seed gives the same plan each time, and another one another', () => {
  expect(planOf({ ...options, seed: 7 })).toEqual(planOf({ ...options, seed: 7 }))
  expect(planOf({ ...options, seed: 7 })).not.toEqual(planOf({ ...options, seed: 8 }))
})

test('all faults lie within the load, and none meets another one of the same actor', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const { faults, way, format } = planOf({ ...options, seed })
      expect(faults).toHaveLength(6)
      for (const [index, { atMs, forMs, on }] of faults.entries()) {
        expect(atMs).toBeGreaterThanOrEqual(500)
        expect(atMs + forMs).toBeLessThanOrEqual(11_500)
        if (on === 'gateway') expect(way).toBe('gateway')
        const later = faults.slice(index + 1).filter((other) => other.on === on)
        for (const other of later) expect(other.atMs).toBeGreaterThan(atMs + forMs)
      }
      // Behind a gateway a line that is read again is only known by its time.
      if (way === 'gateway') expect(hasOwnTime(format)).toBe(true)
    }),
  )
})

test.each<[Fault, string]>([
  [{ kind: 'kill', on: 'agent', atMs: 1200, forMs: 300 }, 'kill agent 1.2 s +0.3 s'],
  [{ kind: 'answers', on: 'recorder', answer: 'lost', atMs: 0, forMs: 500 }, 'recorder lost 0.0 s +0.5 s'],
  [{ kind: 'reload', on: 'agent', by: 'post', atMs: 5000, forMs: 0 }, 'reload by post 5.0 s'],
])('%j reads %j', (fault, text) => {
  expect(describeFault(fault)).toBe(text)
})
