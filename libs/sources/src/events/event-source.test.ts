import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ApiError, MIRROR_LIMITS } from '@clymene/discovery'
import { labelValue, PermanentError, RetryableError, type Logger } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { decodePushRequest } from '@clymene/wire'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { LOKI_LABEL_LIMITS } from '../lines/label-limits.ts'
import { createCluster, eventOf, podOf, terminated, type Cluster } from './cluster.test-kit.ts'
import { createEventSource } from './event-source.ts'
import type { EventSourceOptions } from './options.ts'

const NOW = Date.parse('2024-01-01T01:00:00Z')
const MINUTE_AGO = '2024-01-01T00:59:00Z'
const DAY_AGO = '2023-12-31T01:00:00Z'
const TIMES = { durationMs: 400, renewDeadlineMs: 200, retryMs: 20 }

let folder = ''
let cluster: Cluster
const closing: (() => unknown)[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-events-'))
  cluster = createCluster()
})
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
  rmSync(folder, { recursive: true })
})

/** One agent. `sent` are the messages and counts of what its buffer has acknowledged. */
function agent(name: string, options: Partial<EventSourceOptions> = {}) {
  const sent: string[] = []
  const times: bigint[] = []
  const jobs = new Set<string>()
  const said: string[] = []
  const metrics = createMetrics()
  const log = (message: string): void => void said.push(message)
  const logger: Logger = { ...silentLogger, warn: log, error: log }
  const source = createEventSource({
    api: cluster.api,
    events: true,
    terminations: false,
    namespaces: [],
    excludeNamespaces: [],
    fieldSelector: '',
    maxAgeMs: 3_600_000,
    form: 'text',
    lease: undefined,
    positionPath: join(folder, name),
    labels: [['cluster', 'c']],
    batch: { bytes: 100_000, waitMs: 5 },
    labelLimits: LOKI_LABEL_LIMITS,
    limits: { ...MIRROR_LIMITS, backoffMs: [1, 5] },
    backoff: { minMs: 1, maxMs: 2 },
    metrics,
    logger,
    now: () => NOW + Math.floor(performance.now()),
    ...options,
  })
  const state = { failure: undefined as Error | undefined, attempts: 0 }
  let gate: PromiseWithResolvers<void> | undefined
  const hold = (): void => {
    gate = Promise.withResolvers()
  }
  const release = (): void => {
    gate?.resolve()
    gate = undefined
  }
  const stop = new AbortController()
  const running = source.run(async (batch, signal) => {
    state.attempts++
    // A killed process is never answered.
    await gate?.promise
    signal.throwIfAborted()
    if (state.failure !== undefined) throw state.failure
    for (const { labels, entries } of decodePushRequest(batch.body)) {
      jobs.add(labelValue(labels, 'job'))
      for (const { metadata = [], timestampNs } of entries) {
        times.push(timestampNs)
        sent.push(`${labelValue(metadata, 'message')} ${labelValue(metadata, 'count')}`.trim())
      }
    }
  }, stop.signal)
  running.catch(() => undefined)
  const ended = async (): Promise<void> => {
    stop.abort()
    if (gate !== undefined) setTimeout(release, 60)
    await running.catch(() => undefined)
  }
  closing.push(ended)
  const gauge = async (metric: string): Promise<number | undefined> => {
    const found = await metrics.registry.getSingleMetric(`clymene_agent_events_${metric}`)?.get()
    return found?.values.reduce((sum, { value }) => sum + value, 0)
  }
  return { sent, times, jobs, said, state, source, running, gauge, hold, release, stop: ended }
}

const put = (name: string, count = 1, lastTimestamp = MINUTE_AGO): string =>
  cluster.put('events', name, eventOf(name, { count, lastTimestamp, message: name }))
const until = (condition: () => boolean): Promise<void> =>
  vi.waitFor(
    () => {
      if (!condition()) throw new Error(`still not: ${condition.toString()}`)
    },
    { timeout: 4000, interval: 2 },
  )
const positionOf = (name: string): string => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '')
const watching = (): Promise<void> => until(() => cluster.asked.at(-1) === 'watch events')

test('what is there and young, what comes, and what is repeated, each once', async () => {
  put('old', 1, DAY_AGO)
  put('young')
  const { sent, times, jobs, stop } = agent('a')
  await until(() => sent.length === 1)
  put('new')
  put('young', 2, '2024-01-01T00:59:30Z')
  // An edit.
  put('young', 2, '2024-01-01T00:59:30Z')
  put('old', 7)
  cluster.remove('events', 'new')
  put('last')
  await until(() => sent.includes('last 1'))
  await stop()
  expect(sent).toEqual(['young 1', 'new 1', 'young 2', 'old 7', 'last 1'])
  expect([...jobs]).toEqual(['kubernetes-events'])
  expect(new Set(times).size).toBe(times.length)
})

test('--events.max-age=0s leaves what is there', async () => {
  put('there')
  const { sent } = agent('a', { maxAgeMs: 0 })
  await watching()
  put('new')
  await until(() => sent.length > 0)
  expect(sent).toEqual(['new 1'])
})

describe('after a restart', () => {
  const first = async (): Promise<void> => {
    const { sent, stop } = agent('a')
    put('one')
    put('two')
    await until(() => sent.length === 2)
    await stop()
  }

  test('it goes on where it was: no repeat, nothing passed over', async () => {
    await first()
    put('away')
    put('one', 2, '2024-01-01T00:59:30Z')
    const { sent, stop } = agent('a')
    put('later')
    await until(() => sent.length === 3)
    await stop()
    expect(sent).toEqual(['away 1', 'one 2', 'later 1'])
  })

  test('also when the server has forgotten what came in between', async () => {
    await first()
    put('away')
    put('one', 2, '2024-01-01T00:59:30Z')
    cluster.compact()
    put('later')
    const { sent, gauge, stop } = agent('a')
    await until(() => sent.length === 3)
    await stop()
    expect(sent.toSorted()).toEqual(['away 1', 'later 1', 'one 2'])
    expect(await gauge('watch_restarts_total')).toBe(1)
  })

  test('a bookmark moves the position of a quiet cluster', async () => {
    const { stop } = agent('a')
    await watching()
    const version = cluster.put('pods', 'p', podOf('p'))
    cluster.bookmark()
    cluster.endWatches()
    await until(() => cluster.asked.filter((what) => what === 'watch events').length === 2)
    await stop()
    cluster.compact()
    put('new')
    const { sent, gauge } = agent('a')
    await until(() => sent.length === 1)
    expect([await gauge('watch_restarts_total'), version]).toEqual([0, '101'])
  })
})

test('what was not acknowledged at a kill comes again, with the same time', async () => {
  const killed = agent('a')
  await watching()
  const version = put('acknowledged')
  await until(() => positionOf('a').includes(`"${version}"`))
  killed.hold()
  put('on its way')
  await until(() => killed.state.attempts === 2)
  // A copy of the disk at this moment is what the next start finds.
  const next = agent('a')
  await until(() => next.sent.length === 1)
  expect(next.sent).toEqual(['on its way 1'])
  killed.release()
  await until(() => killed.sent.length === 2)
  expect(killed.times[1]).toBe(next.times[0])
})

describe('the buffer', () => {
  test('that does not take a batch is waited for', async () => {
    const { sent, state, said, gauge } = agent('a')
    state.failure = new RetryableError('full')
    put('a')
    await until(() => state.attempts > 2)
    expect(await gauge('lag_seconds')).toBeGreaterThan(0)
    state.failure = undefined
    await until(() => sent.length === 1)
    expect([await gauge('lag_seconds'), await gauge('entries_total'), said]).toEqual([0, 1, ['events wait']])
  })

  test('that refuses a batch for good is told, and the rest goes on', async () => {
    const { sent, state, said, gauge } = agent('a')
    state.failure = new PermanentError('too large')
    put('a')
    await until(() => state.attempts === 1)
    state.failure = undefined
    put('b')
    await until(() => sent.length === 1)
    expect([sent, said, await gauge('refused_total')]).toEqual([['b 1'], ['events were refused'], 1])
  })

  test('that fails in another way ends the source', async () => {
    const { state, running } = agent('a')
    state.failure = new Error('broken')
    put('a')
    await expect(running).rejects.toThrow('broken')
  })

  test('that answers nothing does not hold up a stop', async () => {
    const { state, hold, stop } = agent('a', { stopWaitMs: 20 })
    hold()
    put('a')
    await until(() => state.attempts === 1)
    await stop()
    const { sent } = agent('a')
    await until(() => sent.length === 1)
    expect(sent).toEqual(['a 1'])
  })
})

describe('several agents with one Lease', () => {
  const lease = (holder: string) => ({ lease: { name: 'l', namespace: 'n', holder, times: TIMES } })

  test('send once; when the one stops the other goes on where it was', async () => {
    const a = agent('a', lease('same-name'))
    await until(() => cluster.asked.includes('watch events'))
    const b = agent('b', lease('same-name'))
    put('one')
    await until(() => a.sent.length === 1)
    expect([await a.gauge('leader'), await b.gauge('leader')]).toEqual([1, 0])
    put('two')
    await until(() => a.sent.length === 2)
    await a.stop()
    put('three')
    await until(() => b.sent.length === 1)
    expect([await a.gauge('leader'), await b.gauge('leader')]).toEqual([0, 1])
    expect([...a.sent, ...b.sent]).toEqual(['one 1', 'two 1', 'three 1'])
  })

  test('the former holder does not go by what it remembers when another was in between', async () => {
    const a = agent('a', lease('a'))
    put('one')
    await until(() => a.sent.length === 1)
    await a.stop()
    const b = agent('b', lease('b'))
    put('two')
    await until(() => b.sent.length === 1)
    await b.stop()
    const again = agent('a', lease('a'))
    put('three')
    await until(() => again.sent.length === 1)
    expect([b.sent, again.sent]).toEqual([['two 1'], ['three 1']])
  })

  test('one that loses the Lease hands over nothing more, and the other sends it', async () => {
    const a = agent('a', lease('a'))
    await until(() => cluster.asked.includes('watch events'))
    a.state.failure = new RetryableError('full')
    put('one')
    await until(() => a.state.attempts > 1)
    cluster.failure = (what) => (what.endsWith('leases') ? new ApiError(503, '', 'answered 503') : undefined)
    await until(() => a.said.includes('collects no events of the cluster any more: the Lease is lost'))
    a.state.failure = undefined
    cluster.failure = () => undefined
    const b = agent('b', lease('b'))
    await until(() => a.sent.length + b.sent.length === 1)
    expect([...a.sent, ...b.sent]).toEqual(['one 1'])
  })
})

test('ends of containers, once, and again after a restart only what is new', async () => {
  const put1 = (status: object): string => cluster.put('pods', 'web-1', podOf('web-1', { ...status }))
  cluster.put('pods', 'old', podOf('old', { state: terminated('long ago', DAY_AGO) }))
  put1({ state: terminated('first', MINUTE_AGO) })
  const a = agent('a', { events: false, terminations: true })
  await until(() => a.sent.length === 1)
  put1({ restartCount: 1, state: { running: {} }, lastState: terminated('first', MINUTE_AGO) })
  put1({ restartCount: 1, state: terminated('second', MINUTE_AGO), lastState: terminated('first', MINUTE_AGO) })
  await until(() => a.sent.length === 2)
  await a.stop()
  put1({ restartCount: 2, state: terminated('third', MINUTE_AGO), lastState: terminated('second', MINUTE_AGO) })
  cluster.put('pods', 'old', podOf('old', { restartCount: 1, lastState: terminated('long ago', DAY_AGO) }))
  cluster.compact()
  const b = agent('a', { events: false, terminations: true })
  await until(() => b.sent.length === 1)
  cluster.put('pods', 'web-2', podOf('web-2', { state: terminated('other', MINUTE_AGO) }))
  await until(() => b.sent.length === 2)
  expect([a.sent, b.sent]).toEqual([
    ['message of first', 'message of second'],
    ['message of third', 'message of other'],
  ])
  expect([...a.jobs]).toEqual(['kubernetes-terminations'])
})

test('only what is asked for is watched', async () => {
  const asked: string[] = []
  const get: typeof cluster.api.get = async (path, query, signal) => {
    asked.push(`${path} ${query.get('fieldSelector')}`)
    return cluster.api.get(path, query, signal)
  }
  agent('a', {
    api: { ...cluster.api, get },
    terminations: true,
    namespaces: ['shop'],
    excludeNamespaces: ['kube-system', 'x'],
    fieldSelector: 'type!=Normal',
  })
  await until(() => asked.length >= 4)
  expect(asked.slice(0, 2).toSorted()).toEqual([
    '/api/v1/namespaces/shop/events type!=Normal,metadata.namespace!=kube-system,metadata.namespace!=x',
    '/api/v1/namespaces/shop/pods metadata.namespace!=kube-system,metadata.namespace!=x',
  ])
})

test('what the API server refuses is said, with the right that is missing, and gone when it is given', async () => {
  cluster.failure = (what) => (what.endsWith('events') ? new ApiError(403, 'Forbidden', 'answered 403: no') : undefined)
  const { source, said, sent } = agent('a')
  await until(() => source.refusal() !== undefined)
  expect(source.refusal()).toBe(
    'events of the cluster cannot be watched: the Kubernetes API answered 403: no; it needs a ClusterRole with the verbs list and watch for events of the API group ""',
  )
  expect(said).toEqual([source.refusal()])
  cluster.failure = () => undefined
  put('a')
  await until(() => sent.length === 1)
  expect(source.refusal()).toBeUndefined()
})
