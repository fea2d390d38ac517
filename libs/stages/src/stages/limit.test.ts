import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createLabelSet } from '../label-set.ts'
import { parseStages } from '../parse-stages.ts'
import { createPipeline } from '../pipeline.ts'
import { countDropped, entryOf, pipelineOf } from '../run-stages.test-kit.ts'
import { createSharedState } from '../stage-states.ts'

const SECOND = 1_000_000_000n
const START = 1_700_000_000n * SECOND

describe('limit with drop', () => {
  test('a burst, then the rate', () => {
    let now = START
    const { dropped, counts } = countDropped()
    const pipeline = pipelineOf([{ limit: { rate: 2, burst: 3, drop: true } }], { now: () => now, dropped })
    const passes = (): number => pipeline.push(entryOf('x')).length
    expect([passes(), passes(), passes(), passes()]).toEqual([1, 1, 1, 0])
    now += SECOND / 2n
    expect([passes(), passes()]).toEqual([1, 0])
    now += 10n * SECOND
    expect([passes(), passes(), passes(), passes()]).toEqual([1, 1, 1, 0])
    expect(counts).toEqual(new Map([['ratelimit_drop_stage', 3]]))
    expect(pipeline.waitUntilNs()).toBe(0n)
  })

  test('each value of by_label_name has its own rate, lines without the label have none', () => {
    const pipeline = pipelineOf([{ limit: { rate: 1, burst: 1, drop: true, by_label_name: 'app' } }], { now: () => START })
    const [a, b, none] = [{ app: 'a' }, { app: 'b' }, {}].map((labels) => createLabelSet(Object.entries(labels)))
    const order = [a, a, b, b, none, none]
    expect(order.map((labels) => pipeline.push(entryOf('x', labels)).length)).toEqual([1, 0, 1, 0, 1, 1])
  })

  test('of max_distinct_labels values the one seen longest ago is forgotten', () => {
    const pipeline = pipelineOf([{ limit: { rate: 1, burst: 1, drop: true, by_label_name: 'app', max_distinct_labels: 1 } }], {
      now: () => START,
    })
    const passes = (app: string): number => pipeline.push(entryOf('x', createLabelSet([['app', app]]))).length
    expect([passes('first'), passes('first')]).toEqual([1, 0])
    // 10,000 are remembered at least.
    for (let count = 1; count < 10_000; count++) passes(String(count))
    expect(passes('first')).toBe(0)
    for (let count = 1; count <= 10_000; count++) passes(`later ${count}`)
    expect(passes('first')).toBe(1)
  })

  test('the pipelines of one source share the rate, those of another do not', () => {
    const configs = parseStages([{ limit: { rate: 1, burst: 2, drop: true } }], 'stages')
    const [shared, other] = [createSharedState(), createSharedState()]
    const pipelines = [shared, shared, other].map((state) => createPipeline(configs, { now: () => START, shared: state }))
    const passed = pipelines.map((pipeline) => [1, 2].map(() => pipeline.push(entryOf('x')).length))
    expect(passed).toEqual([
      [1, 1],
      [0, 0],
      [1, 1],
    ])
  })

  test('never more than burst and rate allow, and everything is counted', () => {
    const steps = fc.array(fc.record({ waitMs: fc.nat(700), lines: fc.nat(10) }), { maxLength: 30 })
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 10 }), (list, rate, burst) => {
        let now = START
        const { dropped, counts } = countDropped()
        const pipeline = pipelineOf([{ limit: { rate, burst, drop: true } }], { now: () => now, dropped })
        let passed = 0
        let sent = 0
        for (const { waitMs, lines } of list) {
          now += BigInt(waitMs) * 1_000_000n
          for (let line = 0; line < lines; line++) passed += pipeline.push(entryOf('x')).length
          sent += lines
          expect(passed).toBeLessThanOrEqual(burst + (Number(now - START) / 1e9) * rate + 1e-6)
        }
        expect(passed + (counts.get('ratelimit_drop_stage') ?? 0)).toBe(sent)
      }),
      { numRuns: 100 },
    )
  })
})

describe('limit without drop', () => {
  test('lines pass, and the next is welcome when its turn comes', () => {
    let now = START
    const pipeline = pipelineOf([{ limit: { rate: 4, burst: 2 } }], { now: () => now })
    const push = (): number => pipeline.push(entryOf('x')).length
    expect([pipeline.waitUntilNs(), push(), pipeline.waitUntilNs(), push()]).toEqual([0n, 1, 0n, 1])
    expect(pipeline.waitUntilNs()).toBe(now + SECOND / 4n)
    now += SECOND / 4n
    expect([pipeline.waitUntilNs(), push(), pipeline.waitUntilNs()]).toEqual([now, 1, now + SECOND / 4n])
    // Lines that come too early are taken, and paid for later.
    expect([push(), push(), pipeline.waitUntilNs()]).toEqual([1, 1, now + (3n * SECOND) / 4n])
    expect(pipeline.held()).toBe(0)
    push()
    now += 10n * SECOND
    expect(pipeline.waitUntilNs()).toBe(0n)
  })

  test('files have their turns one after the other', () => {
    let now = START
    const configs = parseStages([{ limit: { rate: 1, burst: 1 } }], 'stages')
    const shared = createSharedState()
    const pipelines = [1, 2, 3].map(() => createPipeline(configs, { now: () => now, shared }))
    const counts = pipelines.map(() => 0)
    for (; now < START + 30n * SECOND; now += SECOND / 10n) {
      for (const [index, pipeline] of pipelines.entries()) {
        while (pipeline.waitUntilNs() <= now) counts[index] = (counts[index] ?? 0) + pipeline.push(entryOf('x')).length
      }
    }
    expect(counts.map((count) => Math.abs(count - 10) <= 1)).toEqual([true, true, true])
  })

  test('inside match it is heard too', () => {
    const pipeline = pipelineOf([{ match: { selector: '{job="j"}', stages: [{ limit: { rate: 1, burst: 1 } }] } }], { now: () => START })
    pipeline.push(entryOf('x'))
    expect(pipeline.waitUntilNs()).toBe(START + SECOND)
  })
})
