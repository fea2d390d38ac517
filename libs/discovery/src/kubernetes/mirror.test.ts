import { createMetrics } from '@clymene/runtime'
import { afterEach, describe, expect, test, vi } from 'vitest'

import { createApiServer, type ApiTimeouts } from './api-server.ts'
import { createMirror, MIRROR_LIMITS, type MirrorLimits } from './mirror.ts'
import {
  added,
  bookmark,
  deleted,
  errorEvent,
  listEnd,
  modified,
  podNamed,
  startScriptedApi,
  statusOf,
  type Asked,
} from './scripted-api.test-kit.ts'
import { createWatchMetrics } from './watch-metrics.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const TIMEOUTS: ApiTimeouts = { connectMs: 5000, headersMs: 5000, silenceMs: 60_000 }

/** Follows the pods of a scripted server. */
async function following(
  answer: (asked: Asked, index: number) => void,
  { limits = {}, timeouts = {} }: { limits?: Partial<MirrorLimits>; timeouts?: Partial<ApiTimeouts> } = {},
) {
  const server = await startScriptedApi(answer)
  const access = { url: server.url, http: {} }
  const api = createApiServer(() => access, { ...TIMEOUTS, ...timeouts })
  const metrics = createMetrics()
  const changes: (readonly string[])[] = []
  const sizes: number[] = []
  const errors: string[] = []
  const refusals: boolean[] = []
  const mirror = createMirror({
    api,
    selection: { resource: 'pods', namespace: 'n', labelSelector: 'app=a', fieldSelector: 'spec.nodeName=x' },
    limits: { ...MIRROR_LIMITS, backoffMs: [1, 5], ...limits },
    metrics: createWatchMetrics(metrics, () => []),
    changed: (keys) => {
      if (keys.length > 0) changes.push(keys)
      if (mirror.synced()) sizes.push(mirror.objects().size)
    },
    failed: (error) => {
      errors.push(error instanceof Error ? error.message : String(error))
      refusals.push(mirror.refused())
    },
    leftOut: () => errors.push('left out'),
  })
  const stop = new AbortController()
  const running = mirror.run(stop.signal)
  closing.push(async () => {
    stop.abort()
    await running
    await api.close()
    await server.close()
  })
  const counted = async (name: string, labels: object): Promise<number | undefined> => {
    const found = await metrics.registry.getSingleMetric(name)?.get()
    return found?.values.find((one) => JSON.stringify(one.labels) === JSON.stringify(labels))?.value
  }
  return { server, mirror, changes, sizes, errors, refusals, counted, stop, running }
}

const until = (condition: () => boolean): Promise<void> =>
  vi.waitFor(
    () => {
      if (!condition()) throw new Error(`still not: ${condition.toString()}`)
    },
    { timeout: 20_000, interval: 5 },
  )
const keys = ({ objects }: { objects: () => ReadonlyMap<string, unknown> }): readonly string[] => [...objects().keys()].toSorted()

describe('a server with streaming lists', () => {
  test('is asked once: the list and all that comes after it', async () => {
    const { server, mirror, changes, counted } = await following((asked) => asked.watch(added('a', '1'), added('b', '2'), listEnd('5')))
    await until(() => mirror.synced())
    expect(changes).toEqual([['n/a', 'n/b']])
    server.asked[0]?.send(added('c', '6'), modified('a', '7', { podIP: '2.2.2.2' }), deleted('b', '8'), bookmark('9'))
    await until(() => mirror.objects().size === 2 && keys(mirror).includes('n/c'))
    expect(changes.slice(1).flat()).toEqual(['n/c', 'n/a', 'n/b'])
    expect(server.asked).toHaveLength(1)
    const query = Object.fromEntries(server.asked[0]?.query ?? [])
    expect(server.asked[0]?.path).toBe('/api/v1/namespaces/n/pods')
    expect(query).toEqual({
      labelSelector: 'app=a',
      fieldSelector: 'spec.nodeName=x',
      watch: '1',
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: 'true',
      timeoutSeconds: expect.any(String),
    })
    expect(Number(query['timeoutSeconds'])).toBeGreaterThanOrEqual(300)
    expect(Number(query['timeoutSeconds'])).toBeLessThanOrEqual(600)
    await vi.waitFor(async () =>
      expect(await counted('clymene_agent_sd_kubernetes_events_total', { resource: 'pods', event: 'bookmark' })).toBe(2),
    )
  })

  test('that says the same again, or what no label shows, changes nothing', async () => {
    const { server, mirror, changes } = await following((asked) => asked.watch(added('a', '1'), listEnd('5')))
    await until(() => mirror.synced())
    server.asked[0]?.send(modified('a', '6'), modified('a', '7', { startTime: 'later' }), added('b', '8'))
    await until(() => mirror.objects().size === 2)
    expect(changes).toEqual([['n/a'], ['n/b']])
  })

  test('that ends a watch, as it was asked to, is asked for what comes after', async () => {
    const { server, mirror, errors, counted } = await following((asked, index) => {
      if (index === 0) asked.watch(added('a', '1'), listEnd('5'), bookmark('7'))
      else asked.watch()
      if (index === 0) asked.end()
    })
    await until(() => server.asked.length === 2)
    expect(Object.fromEntries(server.asked[1]?.query ?? [])).toMatchObject({
      resourceVersion: '7',
      watch: '1',
      allowWatchBookmarks: 'true',
    })
    expect(server.asked[1]?.query.has('sendInitialEvents')).toBe(false)
    expect(keys(mirror)).toEqual(['n/a'])
    expect(errors).toEqual([])
    expect(await counted('clymene_agent_sd_kubernetes_restarts_total', { resource: 'pods', reason: 'timeout' })).toBe(1)
  })

  test('whose list breaks off is not believed: what was known stays, and it is asked again', async () => {
    const { server, mirror, changes, errors } = await following((asked, index) => {
      if (index === 0) asked.watch(added('a', '1'), listEnd('5'), errorEvent(410, 'Expired', 'too old'))
      else if (index === 1) {
        asked.watch(added('b', '6'))
        asked.end()
      } else asked.watch(added('a', '1'), added('c', '8'), listEnd('9'))
    })
    await until(() => server.asked.length >= 3 && mirror.objects().size === 2)
    expect(keys(mirror)).toEqual(['n/a', 'n/c'])
    expect(changes).toEqual([['n/a'], ['n/c']])
    expect(errors).toEqual(['the list broke off'])
  })

  test('whose list breaks off again and again is failing, so that the waits grow', async () => {
    const { server, mirror, errors } = await following((asked) => {
      asked.watch(added('a', '1'))
      asked.end()
    })
    await until(() => errors.length >= 5)
    expect([mirror.synced(), mirror.failing()]).toEqual([false, true])
    expect(server.asked.every(({ query }) => query.has('sendInitialEvents'))).toBe(true)
  })

  test('has all the time that it takes, while something comes, and after the list too', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    closing.push(async () => void vi.useRealTimers())
    const { server, mirror, counted } = await following((asked) => asked.watch(added('p0', '1')))
    const heard = (count: number) =>
      vi.waitFor(
        async () => expect(await counted('clymene_agent_sd_kubernetes_events_total', { resource: 'pods', event: 'add' })).toBe(count),
        { timeout: 20_000, interval: 5 },
      )
    for (let count = 1; count <= 4; count++) {
      await heard(count)
      vi.advanceTimersByTime(MIRROR_LIMITS.listSilenceMs * 0.6)
      server.asked[0]?.send(added(`p${count}`, '1'))
    }
    server.asked[0]?.send(listEnd('5'))
    await until(() => mirror.synced())
    vi.advanceTimersByTime(MIRROR_LIMITS.listSilenceMs * 2)
    server.asked[0]?.send(added('last', '6'))
    await until(() => mirror.objects().size === 6)
    expect(server.asked).toHaveLength(1)
  })

  test('an object that goes while it is listed is not there', async () => {
    const { mirror, changes } = await following((asked) =>
      asked.watch(added('a', '1'), added('b', '2'), deleted('a', '3'), modified('b', '4', { podIP: '2.2.2.2' }), listEnd('5')),
    )
    await until(() => mirror.synced())
    expect(changes).toEqual([['n/b']])
  })
})

describe('a version that the server no longer has', () => {
  const first = [added('gone', '1'), added('stays', '2'), added('differs', '3'), listEnd('5')]
  const again = [added('stays', '2'), added('differs', '8', { podIP: '2.2.2.2' }), added('new', '9'), listEnd('10')]
  test.each<[what: string, tell: (asked: Asked) => void]>([
    ['as an event', (asked) => asked.watch(errorEvent(410, 'Expired', 'too old resource version'))],
    ['as an event with the reason only', (asked) => asked.watch(errorEvent(0, 'Expired', 'too old'))],
    ['as a status', (asked) => asked.answer(410, statusOf(410, 'Expired', 'too old'))],
    [
      'as one that it does not have yet, after it was restored',
      (asked) =>
        asked.answer(504, statusOf(504, 'Timeout', 'Too large resource version', { causes: [{ reason: 'ResourceVersionTooLarge' }] })),
    ],
  ])('%s: everything is listed anew, and only what differs is a change', async (_what, tell) => {
    const { server, mirror, changes, sizes, errors, counted } = await following((asked, index) => {
      if (index === 0) {
        asked.watch(...first)
        asked.end()
      } else if (index === 1) tell(asked)
      else asked.watch(...again)
    })
    await until(() => keys(mirror).includes('n/new'))
    expect(keys(mirror)).toEqual(['n/differs', 'n/new', 'n/stays'])
    expect(changes).toEqual([
      ['n/gone', 'n/stays', 'n/differs'],
      ['n/differs', 'n/new', 'n/gone'],
    ])
    // Nothing flickered: at no time was less known than before and after.
    expect(Math.min(...sizes)).toBe(3)
    expect(errors).toEqual([])
    expect(server.asked[2]?.query.get('sendInitialEvents')).toBe('true')
    expect(await counted('clymene_agent_sd_kubernetes_restarts_total', { resource: 'pods', reason: 'expired' })).toBe(1)
  })
})

describe('a server that gives versions which it does not have', () => {
  const tooOld = errorEvent(410, 'Expired', 'too old resource version')
  const page = { kind: 'PodList', metadata: { resourceVersion: '5' }, items: [podNamed('a', '1')] }
  test.each<[what: string, answer: (asked: Asked) => void]>([
    ['in a streaming list', (asked) => asked.watch(added('a', '1'), listEnd('5'), tooOld)],
    [
      'in a paged list',
      (asked) => {
        if (asked.query.has('sendInitialEvents')) asked.answer(422, statusOf(422, 'Invalid', 'no such field'))
        else if (asked.query.has('watch')) asked.answer(410, statusOf(410, 'Expired', 'too old'))
        else asked.answer(200, page)
      },
    ],
    [
      'in a paged list, and says so inside the watch',
      (asked) => {
        if (asked.query.has('sendInitialEvents')) asked.answer(422, statusOf(422, 'Invalid', 'no such field'))
        else if (asked.query.has('watch')) asked.watch(tooOld)
        else asked.answer(200, page)
      },
    ],
  ])('%s is failing from the second time on, and the waits grow', async (_what, answer) => {
    const { mirror, errors } = await following(answer, { limits: { backoffMs: [1, 60_000] } })
    await until(() => errors.length >= 4)
    expect([mirror.synced(), mirror.failing(), keys(mirror)]).toEqual([true, true, ['n/a']])
    expect(new Set(errors).size).toBe(1)
  })

  test('and then has one is well again', async () => {
    const { server, mirror, errors } = await following((asked, index) => {
      asked.watch(added('a', '1'), listEnd('5'), ...(index < 3 ? [tooOld] : []))
    })
    await until(() => server.asked.length === 4)
    expect(errors).toHaveLength(2)
    server.asked[3]?.send(bookmark('6'))
    await until(() => !mirror.failing())
  })

  test('and then ends a quiet watch as it was asked to is well again: the next expiry is the first', async () => {
    const { server, mirror, errors, counted } = await following((asked, index) => {
      if (index === 3 || index === 4) {
        asked.watch(...(index === 3 ? [added('a', '1'), listEnd('5')] : []))
        asked.end()
      } else if (index === 5) asked.watch(tooOld)
      else asked.watch(added('a', '1'), listEnd('5'), ...(index < 3 ? [tooOld] : []))
    })
    await until(() => server.asked.length === 7)
    expect(server.asked.map(({ query }) => query.has('sendInitialEvents'))).toEqual([true, true, true, true, false, false, true])
    expect([errors.length, mirror.failing()]).toEqual([2, false])
    expect(await counted('clymene_agent_sd_kubernetes_restarts_total', { resource: 'pods', reason: 'expired' })).toBe(4)
  })

  test('is given the time that it asks for', async () => {
    const began = performance.now()
    const { server } = await following((asked, index) => {
      if (index === 0) {
        asked.watch(added('a', '1'), listEnd('5'))
        asked.end()
      } else if (index === 1)
        asked.answer(
          504,
          statusOf(504, 'Timeout', 'Too large resource version', {
            causes: [{ reason: 'ResourceVersionTooLarge' }],
            retryAfterSeconds: 1,
          }),
        )
      else asked.watch(added('a', '1'), listEnd('5'))
    })
    await until(() => server.asked.length === 3)
    expect(performance.now() - began).toBeGreaterThanOrEqual(990)
  })
})

describe('a server without streaming lists', () => {
  const listed = (asked: Asked): void => {
    const page = asked.query.get('continue') === null ? 'a' : 'b'
    const metadata = page === 'a' ? { resourceVersion: '5', continue: 'next page' } : { resourceVersion: '5' }
    asked.answer(200, { kind: 'PodList', metadata, items: [podNamed(page, '1')] })
  }
  test.each<[what: string, refuse: (asked: Asked) => void]>([
    ['says that it is invalid', (asked) => asked.answer(422, statusOf(422, 'Invalid', 'sendInitialEvents: Forbidden'))],
    [
      'says that it is a bad request',
      (asked) => asked.answer(400, statusOf(400, 'BadRequest', 'resourceVersionMatch is forbidden for watch')),
    ],
    ['sends everything and then an ordinary bookmark', (asked) => asked.watch(added('x', '1'), bookmark('2'))],
    ['sends everything and then nothing', (asked) => asked.watch(added('x', '1'))],
  ])('that %s is listed page by page, and watched from there', async (_what, refuse) => {
    const { server, mirror, changes, errors } = await following(
      (asked) => {
        if (asked.query.get('watch') === null) listed(asked)
        else if (asked.query.has('sendInitialEvents')) refuse(asked)
        else asked.watch()
      },
      { limits: { listSilenceMs: 100 } },
    )
    await until(() => server.asked.length === 4)
    expect(keys(mirror)).toEqual(['n/a', 'n/b'])
    expect(changes).toEqual([['n/a', 'n/b']])
    expect(server.asked[1]?.query.get('limit')).toBe('500')
    expect(server.asked[2]?.query.get('continue')).toBe('next page')
    expect(server.asked[3]?.query.get('resourceVersion')).toBe('5')
    expect(errors).toEqual([])
  })

  test('whose list becomes too old between two pages is listed from the start', async () => {
    let lists = 0
    const { mirror } = await following((asked) => {
      if (asked.query.has('sendInitialEvents')) asked.answer(422, statusOf(422, 'Invalid', 'x'))
      else if (asked.query.get('watch') !== null) asked.watch()
      else if (asked.query.has('continue') && lists++ === 0) asked.answer(410, statusOf(410, 'Expired', 'the continue token is too old'))
      else listed(asked)
    })
    await until(() => mirror.synced())
    expect(keys(mirror)).toEqual(['n/a', 'n/b'])
  })

  test.each([
    ['is no JSON', '<html>', /expected a list in JSON/],
    ['is no list', '[]', /expected a list, found other JSON/],
    ['has more bytes than allowed', JSON.stringify({ items: ['x'.repeat(2000)] }), /a page of the list has more than 1000 bytes/],
  ])('whose answer %s has failed', async (_what, body, error) => {
    const { mirror, errors } = await following(
      (asked) => (asked.query.has('sendInitialEvents') ? asked.answer(400, 'x') : asked.answer(200, body)),
      { limits: { pageBytes: 1000 } },
    )
    await until(() => errors.length >= 2)
    expect(errors[0]).toMatch(error)
    expect([mirror.synced(), mirror.failing()]).toEqual([false, true])
  })
})

describe('a failure', () => {
  test.each<[what: string, fault: (asked: Asked) => void, error: RegExp, isRefused?: boolean]>([
    ['the connection is cut', (asked) => asked.cut(), /./],
    [
      'an event is cut in the middle',
      (asked) => {
        asked.watch()
        asked.response.end('{"type":"ADDED","obj')
      },
      /ended in the middle of an event/,
    ],
    [
      'something else than JSON comes',
      (asked) => {
        asked.watch()
        asked.response.end('<html>\n')
      },
      /expected a line of JSON/,
    ],
    ['an unknown event comes', (asked) => asked.watch({ type: 'OTHER' }), /found one of type "OTHER"/],
    ['no event comes', (asked) => asked.watch([]), /expected an event, found other JSON/],
    [
      'the server says that it is broken',
      (asked) => asked.answer(500, statusOf(500, 'InternalError', 'etcd is away')),
      /answered 500: etcd is away/,
    ],
    [
      'the server breaks inside the watch',
      (asked) => asked.watch(errorEvent(500, 'InternalError', 'etcd is away')),
      /answered 500: etcd is away/,
    ],
    ['somebody else answers', (asked) => asked.answer(502, '<h1>Bad gateway</h1>\nmore'), /answered 502: <h1>Bad gateway<\/h1>$/],
    ['the server has too much to do', (asked) => asked.answer(429, 'later', { 'retry-after': '0' }), /answered 429: later/],
    ['the token is wrong', (asked) => asked.answer(401, statusOf(401, 'Unauthorized', 'Unauthorized')), /answered 401: Unauthorized/, true],
    [
      'it is not allowed',
      (asked) => asked.answer(403, statusOf(403, 'Forbidden', 'pods is forbidden')),
      /answered 403: pods is forbidden/,
      true,
    ],
  ])('%s: what is known stays, and the watch goes on from there', async (_what, fault, error, isRefused = false) => {
    const { server, mirror, errors, changes, refusals } = await following((asked, index) => {
      if (index === 0) {
        asked.watch(added('a', '1'), listEnd('5'), added('b', '6'))
        asked.end()
      } else if (index <= 3) fault(asked)
      else asked.watch(added('c', '7'))
    })
    await until(() => keys(mirror).includes('n/c'))
    expect(keys(mirror)).toEqual(['n/a', 'n/b', 'n/c'])
    expect(errors).toHaveLength(3)
    expect(errors[0]).toMatch(error)
    expect(refusals).toEqual([isRefused, isRefused, isRefused])
    expect(mirror.refused()).toBe(false)
    expect(changes.flat()).toEqual(['n/a', 'n/b', 'n/c'])
    expect(server.asked.slice(1).map(({ query }) => query.get('resourceVersion'))).toEqual(['6', '6', '6', '6'])
    expect(mirror.failing()).toBe(false)
  })

  test('a connection that says nothing any more is given up', async () => {
    const { server, mirror, errors } = await following(
      (asked, index) => (index === 0 ? asked.watch(added('a', '1'), listEnd('5')) : asked.watch(added('b', '6'))),
      { timeouts: { silenceMs: 200 } },
    )
    await until(() => mirror.objects().size === 2)
    expect(errors.length).toBeGreaterThanOrEqual(1)
    expect(server.asked[1]?.query.get('resourceVersion')).toBe('5')
  })

  test('an object that is too large is left out and told; the others are there', async () => {
    const { mirror, errors } = await following(
      (asked) => asked.watch(added('a', '1'), added('large', '2', { x: 'x'.repeat(5000) }), added('b', '3'), listEnd('5')),
      { limits: { objectBytes: 1000 } },
    )
    await until(() => mirror.synced())
    expect(keys(mirror)).toEqual(['n/a', 'n/b'])
    expect(errors).toEqual(['left out'])
  })

  test('waits as long as the server asks', async () => {
    const { server } = await following((asked, index) =>
      index === 0 ? asked.answer(429, statusOf(429, 'TooManyRequests', 'x', { retryAfterSeconds: 1 })) : asked.watch(listEnd('1')),
    )
    await until(() => server.asked.length === 1)
    const began = performance.now()
    await until(() => server.asked.length === 2)
    expect(performance.now() - began).toBeGreaterThan(900)
  })

  test('ends at once when it is told to, in the middle of a watch and of a wait', async () => {
    for (const answer of [(asked: Asked) => asked.watch(listEnd('1')), (asked: Asked) => asked.answer(500, 'x')]) {
      const { server, stop, running } = await following(answer, { limits: { backoffMs: [600_000, 600_000] } })
      await until(() => server.asked.length === 1)
      stop.abort()
      await running
      expect(server.asked).toHaveLength(1)
    }
  })
})
