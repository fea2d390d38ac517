import { afterEach, describe, expect, test } from 'vitest'

import { createApiServer } from './api-server.ts'
import { followChanges, type Change, type Changes } from './change-feed.ts'
import { MIRROR_LIMITS } from './mirror.ts'
import { readMeta, type ObjectMeta } from './object-meta.ts'
import {
  added,
  bookmark,
  deleted,
  errorEvent,
  modified,
  podNamed,
  startScriptedApi,
  statusOf,
  type Asked,
} from './scripted-api.test-kit.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** What a scripted server gives, until `enough` steps came. */
async function following(answer: (asked: Asked, index: number) => void, { from = '', enough }: { from?: string; enough: number }) {
  const server = await startScriptedApi(answer)
  closing.push(server.close)
  const access = { url: server.url, http: {} }
  const api = createApiServer(() => access)
  closing.push(api.close)
  const restarts: string[] = []
  const failures: string[] = []
  let leftOut = 0
  const stop = new AbortController()
  const steps: Changes<ObjectMeta>[] = []
  const feed = followChanges(
    {
      api,
      path: '/api/v1/pods',
      fieldSelector: 'metadata.namespace!=a',
      read: readMeta,
      from,
      // A wait doubles from the first; a watch that stands for the last is no sign of trouble, however slow the machine is.
      limits: { ...MIRROR_LIMITS, objectBytes: 2000, backoffMs: [1, 60_000] },
      heard: () => undefined,
      restarted: (reason) => restarts.push(reason),
      failed: (error, repeats) => failures.push(`${error instanceof Error ? error.message : String(error)} (${repeats})`),
      leftOut: () => leftOut++,
    },
    stop.signal,
  )
  for await (const step of feed) {
    steps.push(step)
    if (steps.length >= enough) stop.abort()
  }
  return { server, restarts, failures, leftOut, steps: steps.map(({ changes, version }) => [changes.map(shown), version]) }
}

const shown = ({ type, object }: Change<ObjectMeta>): string => `${type} ${object.name}@${object.version}`
const page = (names: readonly string[], version: string, next = '') => ({
  metadata: { resourceVersion: version, continue: next },
  items: names.map((name) => podNamed(name, '1')),
})

test('lists page by page, then goes on from the version of the list', async () => {
  const { server, steps, restarts } = await following(
    (asked, index) => {
      if (index === 0) asked.answer(200, page(['a', 'b'], '7', 'more'))
      else if (index === 1) asked.answer(200, page(['c'], '7'))
      else asked.watch(modified('a', '8'), deleted('b', '9'), bookmark('20'))
    },
    { enough: 3 },
  )
  expect(steps).toEqual([
    [['LISTED a@1', 'LISTED b@1'], undefined],
    [['LISTED c@1'], '7'],
    [['MODIFIED a@8', 'DELETED b@9'], '20'],
  ])
  expect(server.asked.map(({ query }) => [query.get('continue'), query.get('watch'), query.get('resourceVersion')])).toEqual([
    [null, null, null],
    ['more', null, null],
    [null, '1', '7'],
  ])
  expect(server.asked.every(({ query }) => query.get('fieldSelector') === 'metadata.namespace!=a')).toBe(true)
  expect(restarts).toEqual([])
})

test('a version that is known needs no list', async () => {
  const { server, steps } = await following((asked) => asked.watch(added('a', '6')), { from: '5', enough: 1 })
  expect(steps).toEqual([[['ADDED a@6'], '6']])
  expect(server.asked.map(({ query }) => query.get('resourceVersion'))).toEqual(['5'])
})

describe('what the server has forgotten is listed anew', () => {
  test.each<[what: string, expired: (asked: Asked) => void]>([
    ['by an answer', (asked) => asked.answer(410, statusOf(410, 'Expired', 'too old'))],
    ['by an event', (asked) => asked.watch(errorEvent(410, 'Expired', 'too old'))],
    [
      'as it is yet to come, after a restore',
      (asked) => asked.answer(504, statusOf(504, 'Timeout', 'too large', { causes: [{ reason: 'ResourceVersionTooLarge' }] })),
    ],
  ])('%s', async (_what, expired) => {
    const { steps, restarts, failures } = await following(
      (asked, index) => {
        if (index === 0) expired(asked)
        else if (index === 1) asked.answer(200, page(['a'], '90'))
        else asked.watch(added('b', '91'))
      },
      { from: '5', enough: 2 },
    )
    expect(steps).toEqual([
      [['LISTED a@1'], '90'],
      [['ADDED b@91'], '91'],
    ])
    expect([restarts, failures]).toEqual([['expired'], []])
  })

  test('again and again with a pause', async () => {
    const { restarts, failures } = await following(
      (asked, index) => {
        if (index % 2 === 0) asked.answer(200, page([], String(index)))
        else asked.answer(410, statusOf(410, 'Expired', 'too old'))
      },
      { enough: 4 },
    )
    expect(restarts).toEqual(['expired', 'expired', 'failure', 'expired', 'failure'])
    expect(failures).toEqual(['answered 410: too old (1)', 'answered 410: too old (2)'])
  })
})

test('a quiet resource without bookmarks: a watch that ends is a sign of life, and a version that is forgotten meanwhile no failure', async () => {
  let watches = 0
  const { restarts, failures } = await following(
    (asked) => {
      if (!asked.query.has('watch')) return asked.answer(200, page(['a'], '5'))
      // Every other one is too old.
      if (watches++ % 2 === 1) return asked.answer(410, statusOf(410, 'Expired', 'too old'))
      asked.watch()
      return asked.end()
    },
    { from: '5', enough: 4 },
  )
  expect(failures).toEqual([])
  expect(restarts).toEqual(Array.from({ length: 4 }, () => ['timeout', 'expired']).flat())
})

test('a watch that breaks off or ends goes on where it was; what is too large is passed over', async () => {
  const { server, steps, restarts, failures, leftOut } = await following(
    (asked, index) => {
      if (index === 0) asked.answer(503, statusOf(503, 'ServiceUnavailable', 'later'))
      else if (index === 1) asked.answer(503, statusOf(503, 'ServiceUnavailable', 'later'))
      else if (index === 2) {
        asked.watch(added('a', '6'))
        asked.response.write('{"type":"ADD')
        asked.end()
      } else if (index === 3) {
        asked.watch(added('b', '7'), added('x'.repeat(3000), '8'))
        asked.end()
      } else asked.watch(added('c', '9'))
    },
    { from: '5', enough: 3 },
  )
  expect(steps).toEqual([
    [['ADDED a@6'], '6'],
    [['ADDED b@7'], '7'],
    [['ADDED c@9'], '9'],
  ])
  expect(server.asked.map(({ query }) => query.get('resourceVersion'))).toEqual(['5', '5', '5', '6', '7'])
  expect(restarts).toEqual(['failure', 'failure', 'failure', 'timeout'])
  expect(failures).toEqual(['answered 503: later (1)', 'answered 503: later (2)', 'the answer ended in the middle of an event (1)'])
  expect(leftOut).toBe(1)
})
