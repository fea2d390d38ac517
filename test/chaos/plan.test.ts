import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { describeFault, planOf, type Fault } from './plan.ts'

const options = { faults: 6, loadMs: 18_000, sessionTimeoutMs: 3000 }
const endOf = ({ atMs, forMs }: Fault): number => atMs + forMs

describe('the plan of a seed', () => {
  test('is the same each time, and another for another seed', () => {
    expect(planOf({ ...options, seed: 7 })).toEqual(planOf({ ...options, seed: 7 }))
    expect(planOf({ ...options, seed: 7 })).not.toEqual(planOf({ ...options, seed: 8 }))
  })

  test('has as many faults as asked for, all within the load, two at one time, none twice on one actor at a time', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const faults = planOf({ ...options, seed })
        expect(faults).toHaveLength(6)
        for (const fault of faults) {
          expect(fault.atMs).toBeGreaterThanOrEqual(1000)
          expect(endOf(fault)).toBeLessThanOrEqual(17_000)
          if (fault.kind === 'pause') expect(fault.forMs).toBeGreaterThan(3000)
        }
        const pairs = faults.flatMap((a, index) => faults.slice(index + 1).map((b) => [a, b] as const))
        const meet = pairs.filter(([a, b]) => a.atMs <= endOf(b) && b.atMs <= endOf(a))
        expect(meet.length).toBeGreaterThan(0)
        expect(meet.filter(([a, b]) => a.on === b.on)).toEqual([])
      }),
      { examples: [[95_111_071]] },
    )
  })

  test('leaves out what the machine cannot do', () => {
    const kinds = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((seed) =>
      planOf({ ...options, seed, without: ['clock', 'full-disk'] }).map(({ kind }) => kind),
    )
    expect(kinds).not.toContain('clock')
    expect(kinds).not.toContain('full-disk')
  })

  test.each<[Fault, string]>([
    [{ kind: 'kill', on: 'agent', atMs: 1200, forMs: 3000 }, 'kill agent at 1.2 s for 3.0 s'],
    [{ kind: 'answers', on: 'loki', answer: 'lost', atMs: 0, forMs: 500 }, 'loki answers lost at 0.0 s for 0.5 s'],
    [{ kind: 'clock', on: 'gateway', byMs: -60_000, atMs: 5000, forMs: 0 }, 'clock gateway by -60.0 s at 5.0 s'],
  ])('%j reads %j', (fault, text) => {
    expect(describeFault(fault)).toBe(text)
  })
})
