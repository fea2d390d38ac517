import { RetryableError, type TargetGroup } from '@clymene/model'
import { afterEach, describe, expect, test, vi } from 'vitest'

import { DiscoveryError } from './discovery-error.ts'
import { openLookups, type Lookups, type Question } from './lookups.ts'
import { eventually } from './testing/eventually.ts'
import { lookupContext } from './testing/lookup-context.ts'

const groupOf = (source: string, ...addresses: readonly string[]): TargetGroup => ({
  source,
  targets: addresses.map((address) => new Map([['__address__', address]])),
  labels: new Map(),
})

describe('openLookups', () => {
  const stop: AbortController[] = []
  const opened: Lookups[] = []
  afterEach(() => {
    for (const one of stop.splice(0)) one.abort()
    for (const one of opened.splice(0)) one.close()
  })

  function open(limits: Parameters<typeof lookupContext>[0] = {}) {
    const context = lookupContext(limits)
    const updates: string[][] = []
    const update = (groups: readonly TargetGroup[]): void =>
      void updates.push(groups.map(({ source, targets }) => `${source}:${targets.length}`))
    const lookups = openLookups({ kind: 'http', update, context })
    const signal = new AbortController()
    stop.push(signal)
    opened.push(lookups)
    const question = (part: string, ask: () => readonly TargetGroup[] | undefined): Question<readonly TargetGroup[] | undefined> => ({
      part,
      peer: part,
      intervalMs: 5,
      // eslint-disable-next-line typescript/require-await -- what is thrown is a rejection then
      ask: async () => ask(),
      groups: (answer) => answer,
    })
    const follow = (part: string, ask: () => readonly TargetGroup[] | undefined): (() => void) => {
      const own = new AbortController()
      void lookups.follow(question(part, ask), AbortSignal.any([own.signal, signal.signal]))
      return () => own.abort()
    }
    return { context, updates, lookups, signal, question, follow }
  }
  const fail = (): never => {
    throw new DiscoveryError('answer', 'broken')
  }

  test('the first update waits for every part that is expected, also for one that fails', async () => {
    const { updates, lookups, follow, context } = open()
    lookups.expect('a')
    lookups.expect('b')
    follow('a', () => [groupOf('a', '1')])
    await eventually(async () => expect(await context.sum('lookups_total')).toBeGreaterThan(3))
    expect(updates).toEqual([])
    follow('b', fail)
    await eventually(() => expect(updates).toEqual([['a:1']]))
    // What the other would name is not known to be gone.
    expect(lookups.waits()).toBe(true)
    lookups.forget('b')
    expect(lookups.waits()).toBe(false)
  })

  test('nothing is said while nothing is known', async () => {
    const { updates, lookups, follow, context } = open()
    lookups.expect('a')
    follow('a', fail)
    await eventually(async () => expect(await context.failures()).toBeGreaterThan(3))
    expect(updates).toEqual([])
    expect([lookups.waits(), lookups.trouble()]).toEqual([true, 'cannot look up targets of a: broken'])
    lookups.close()
    expect(lookups.waits()).toBe(false)
  })

  test('only what differs is said', async () => {
    const { updates, lookups, follow } = open()
    let groups = [groupOf('a', '1'), groupOf('b', '2')]
    lookups.expect('p')
    follow('p', () => groups)
    await eventually(() => expect(updates).toEqual([['a:1', 'b:1']]))
    groups = [groupOf('b', '2'), groupOf('c')]
    await eventually(() => expect(updates.slice(1)).toEqual([['a:0', 'c:0']]))
    groups = [groupOf('b', '3'), groupOf('c')]
    await eventually(() => expect(updates.slice(2)).toEqual([['b:1']]))
  })

  test('nothing new is a success that says nothing', async () => {
    const { updates, lookups, follow, context } = open()
    lookups.expect('p')
    follow('p', () => undefined)
    await eventually(async () => expect(await context.sum('lookups_total')).toBeGreaterThan(2))
    expect(updates).toEqual([])
  })

  test('an answer that was taken is not read again, one that was refused is', async () => {
    const { updates, lookups, question, signal, context } = open({ targets: 1 })
    let read = 0
    let answer = [groupOf('a', '1')]
    const repeated: Question<readonly TargetGroup[] | undefined> = {
      ...question('p', () => answer),
      fingerprint: (groups) => String(groups?.[0]?.targets.length),
      groups: (groups) => {
        read++
        return groups
      },
    }
    lookups.expect('p')
    void lookups.follow(repeated, signal.signal)
    await eventually(async () => expect(await context.sum('lookups_total')).toBeGreaterThan(3))
    expect([updates, read]).toEqual([[['a:1']], 1])
    answer = [groupOf('a', '1', '2')]
    await eventually(async () => expect(await context.failures()).toBeGreaterThan(2))
    expect(read).toBeGreaterThan(3)
  })

  test('a part that is forgotten takes its groups along, before the first update silently', async () => {
    const { updates, lookups, follow } = open()
    lookups.expect('a')
    lookups.expect('b')
    follow('a', () => [groupOf('a', '1')])
    lookups.forget('b')
    await eventually(() => expect(updates).toEqual([['a:1']]))
    lookups.forget('a')
    expect(updates.slice(1)).toEqual([['a:0']])
  })

  test('says nothing when it is closed', async () => {
    const { updates, lookups, question, signal } = open()
    lookups.close()
    await lookups.once(
      question('a', () => [groupOf('a', '1')]),
      signal.signal,
    )
    expect(updates).toEqual([])
  })

  test('what fails while it is told to end is no reason to begin', async () => {
    const { updates, lookups, question, signal, context } = open()
    lookups.expect('a')
    lookups.expect('b')
    await lookups.once(
      question('a', () => [groupOf('a', '1')]),
      signal.signal,
    )
    const late = question('b', () => {
      signal.abort()
      return fail()
    })
    await lookups.once(late, signal.signal)
    expect(updates).toEqual([])
    expect(await context.failures()).toBe(0)
  })

  test('a failure that is no failure of looking is an error of the program', async () => {
    const { lookups, question, signal } = open()
    const broken = question('a', () => {
      throw new TypeError('x')
    })
    await expect(lookups.once(broken, signal.signal)).rejects.toThrow(TypeError)
  })

  test('limits count all parts together', async () => {
    const { updates, lookups, follow, context } = open({ targets: 3 })
    lookups.expect('a')
    const end = follow('a', () => [groupOf('a', '1', '2')])
    await eventually(() => expect(updates).toEqual([['a:2']]))
    follow('b', () => [groupOf('b', '3', '4')])
    await eventually(() => expect(context.logged()).toContain('4 targets, more than the 3 of --discovery.max-targets'))
    expect(updates).toHaveLength(1)
    expect(await context.sum('targets')).toBe(2)
    end()
    lookups.forget('a')
    await eventually(() => expect(updates.at(-1)).toEqual(['b:2']))
    expect(await context.sum('targets')).toBe(2)
  })

  test('metrics: failures by reason or status, targets, age', async () => {
    const { lookups, question, signal, context } = open()
    const errors = [new DiscoveryError('timeout', 't'), new DiscoveryError('answer', 'a', { status: 503 }), new RetryableError('r')]
    const failing = question('a', () => {
      const error = errors.shift()
      if (error !== undefined) throw error
      return [groupOf('a', '1')]
    })
    await lookups.once(failing, signal.signal)
    expect(lookups.trouble()).toBeUndefined()
    const failures = await context.metrics.registry.getSingleMetricAsString('clymene_agent_sd_lookup_failures_total')
    for (const reason of ['timeout', '503', 'answer']) expect(failures).toContain(`{kind="http",reason="${reason}"} 1`)
    expect(await context.sum('targets')).toBe(1)
    // Not of the clock on the wall, which may be set.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 })
    expect(await context.sum('last_lookup_age_seconds')).toBeLessThan(3600)
    vi.useRealTimers()
    lookups.close()
    expect(await context.metrics.registry.getSingleMetricAsString('clymene_agent_sd_targets')).not.toContain('{')
  })

  test('the same failure is told once a minute, another one at once', async () => {
    const { follow, context } = open()
    let error: Error = new DiscoveryError('answer', 'broken', { status: 500 })
    follow('a', () => {
      throw error
    })
    await eventually(async () => expect(await context.failures()).toBeGreaterThan(3))
    expect(context.lines).toEqual(['warn cannot look up targets of a, those that are known stay: broken {"discovery":"http"}'])
    error = new DiscoveryError('answer', 'forbidden', { status: 403, needsOperator: true })
    await eventually(() => expect(context.lines).toHaveLength(2))
    expect(context.lines[1]).toBe('error cannot look up targets of a, those that are known stay: forbidden {"discovery":"http"}')
  })
})
