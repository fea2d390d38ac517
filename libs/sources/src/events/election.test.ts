import { ApiError } from '@clymene/discovery'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { createCluster, type Cluster } from './cluster.test-kit.ts'
import { runElection, type Term } from './election.ts'
import { createLeaseClient } from './lease.ts'

const TIMES = { durationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2000 }

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] }))
afterEach(() => vi.useRealTimers())

/** A replica that leads as long as it may. */
function replica(cluster: Cluster, identity: string) {
  const terms: Term[] = []
  const failures: string[] = []
  const stop = new AbortController()
  let leads = false
  const running = runElection(
    {
      lease: createLeaseClient(cluster.api, { name: 'l', namespace: 'n' }),
      identity,
      times: TIMES,
      leads: (now) => {
        leads = now
      },
      failed: (error, repeats) => failures.push(`${error instanceof Error ? error.message : String(error)} (${repeats})`),
      succeeded: () => undefined,
    },
    async (term) => {
      terms.push(term)
      const end = AbortSignal.any([stop.signal, term.lost])
      await new Promise<void>((resolve) => end.addEventListener('abort', () => resolve(), { once: true }))
    },
    stop.signal,
  )
  return {
    terms,
    failures,
    leads: () => leads,
    stop: async () => {
      stop.abort()
      await passing(10)
      await running
    },
  }
}

const passing = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds)
const specOf = (cluster: Cluster) => cluster.lease()['spec']

test('one of two leads, and hands on to the other what it was told, when it stops', async () => {
  const cluster = createCluster()
  const a = replica(cluster, 'a')
  await passing(100)
  const b = replica(cluster, 'b')
  await passing(60_000)
  expect([a.leads(), b.leads()]).toEqual([true, false])
  expect(specOf(cluster)).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 })
  expect(a.terms[0]).toMatchObject({ position: '', isOwnAgain: false })
  a.terms[0]?.handOn('one')
  a.terms[0]?.handOn('two')
  await a.stop()
  expect(specOf(cluster)).toMatchObject({ holderIdentity: '' })
  await passing(2400)
  expect([a.leads(), b.leads()]).toEqual([false, true])
  expect(b.terms[0]).toMatchObject({ position: 'two', isOwnAgain: false })
  expect(specOf(cluster)).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 })
  await b.stop()
})

test('what is handed on is written within a second', async () => {
  const cluster = createCluster()
  const a = replica(cluster, 'a')
  await passing(10_100)
  a.terms[0]?.handOn('p')
  await passing(1100)
  expect(cluster.lease()['metadata']).toMatchObject({ annotations: { 'clymene.io/events-position': 'p' } })
  await a.stop()
})

test('times have six digits of a second, which Go insists on', async () => {
  const cluster = createCluster()
  const a = replica(cluster, 'a')
  await passing(100)
  expect(specOf(cluster)).toMatchObject({
    renewTime: expect.stringMatching(/T\d\d:\d\d:\d\d\.\d{6}Z$/),
    acquireTime: expect.stringMatching(/\.\d{6}Z$/),
  })
  await a.stop()
})

test('a holder that vanished is waited for as long as its Lease says, from when it was seen, whatever the clocks say', async () => {
  const cluster = createCluster()
  const client = createLeaseClient(cluster.api, { name: 'l', namespace: 'n' })
  // It was renewed a year ago, or the clock of who wrote it is wrong.
  const gone = {
    holder: 'gone',
    durationMs: 15_000,
    transitions: 4,
    acquireTime: '',
    renewTime: '2001-01-01T00:00:00.000000Z',
    position: 'p',
  }
  await client.write(undefined, gone, new AbortController().signal)
  const a = replica(cluster, 'a')
  await passing(14_900)
  expect(a.leads()).toBe(false)
  await passing(2600)
  expect(a.leads()).toBe(true)
  expect(a.terms[0]).toMatchObject({ position: 'p', isOwnAgain: false })
  expect(specOf(cluster)).toMatchObject({ leaseTransitions: 5 })
  await a.stop()
})

test('who held it last has it again at once and knows that nobody was in between', async () => {
  const cluster = createCluster()
  const client = createLeaseClient(cluster.api, { name: 'l', namespace: 'n' })
  const own = { holder: 'a', durationMs: 15_000, transitions: 4, acquireTime: '', renewTime: '2001-01-01T00:00:00.000000Z', position: 'p' }
  await client.write(undefined, own, new AbortController().signal)
  const a = replica(cluster, 'a')
  await passing(10)
  expect(a.terms[0]).toMatchObject({ position: 'p', isOwnAgain: true })
  expect(specOf(cluster)).toMatchObject({ leaseTransitions: 4 })
  await a.stop()
})

describe('a holder that cannot renew', () => {
  test('goes on until the deadline, before others may begin, and begins again when it can', async () => {
    const cluster = createCluster()
    const a = replica(cluster, 'a')
    await passing(100)
    cluster.failure = (what) => (what.endsWith('leases') ? new ApiError(503, '', 'answered 503') : undefined)
    await passing(9000)
    expect([a.leads(), a.terms[0]?.holds()]).toEqual([true, true])
    await passing(2100)
    expect([a.leads(), a.terms[0]?.holds(), a.terms[0]?.lost.aborted]).toEqual([false, false, true])
    expect(a.failures[1]).toBe('answered 503 (2)')
    cluster.failure = () => undefined
    await passing(2500)
    expect([a.leads(), a.terms.length]).toEqual([true, 2])
    expect(a.terms[1]?.isOwnAgain).toBe(true)
    await a.stop()
  })

  test('holds nothing from the moment on when it wakes after it stood still', async () => {
    const cluster = createCluster()
    const a = replica(cluster, 'a')
    await passing(100)
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 10_001)
    expect(a.terms[0]?.holds()).toBe(false)
    vi.restoreAllMocks()
    await a.stop()
  })

  test('because another took it stops at once', async () => {
    const cluster = createCluster()
    const a = replica(cluster, 'a')
    await passing(100)
    const client = createLeaseClient(cluster.api, { name: 'l', namespace: 'n' })
    const lease = await client.read(new AbortController().signal)
    if (lease !== undefined) await client.write(lease, { ...lease, holder: 'b' }, new AbortController().signal)
    await passing(2100)
    expect([a.leads(), a.terms[0]?.lost.aborted]).toEqual([false, true])
    expect(specOf(cluster)).toMatchObject({ holderIdentity: 'b' })
    await a.stop()
    expect(specOf(cluster)).toMatchObject({ holderIdentity: 'b' })
  })

  test('whose answer was lost goes on: what is written there is its own', async () => {
    const cluster = createCluster()
    const a = replica(cluster, 'a')
    await passing(100)
    const client = createLeaseClient(cluster.api, { name: 'l', namespace: 'n' })
    const lease = await client.read(new AbortController().signal)
    if (lease !== undefined) await client.write(lease, lease, new AbortController().signal)
    await passing(20_000)
    expect([a.leads(), a.terms.length]).toEqual([true, 1])
    await a.stop()
  })
})

test('what others wrote into the Lease stays', async () => {
  const cluster = createCluster()
  const metadata = { name: 'l', namespace: 'n', labels: { team: 't' }, annotations: { theirs: 'x' } }
  await cluster.api.write('POST', '/leases', { metadata, spec: { holderIdentity: '' } }, new AbortController().signal)
  const a = replica(cluster, 'a')
  await passing(100)
  expect(cluster.lease()['metadata']).toMatchObject({ labels: { team: 't' }, annotations: { theirs: 'x' } })
  await a.stop()
})

test('what leading rejects with is what the election rejects with, and the Lease is let go', async () => {
  const cluster = createCluster()
  const options = { identity: 'a', times: TIMES, leads: () => undefined, failed: () => undefined, succeeded: () => undefined }
  const lease = createLeaseClient(cluster.api, { name: 'l', namespace: 'n' })
  const running = runElection({ ...options, lease }, async () => Promise.reject(new Error('broken')), new AbortController().signal)
  await expect(running).rejects.toThrow('broken')
  expect(specOf(cluster)).toMatchObject({ holderIdentity: '' })
})
