import type { Json } from '@clymene/discovery'
import { createLabelSet } from '@clymene/stages'
import { describe, expect, test } from 'vitest'

import { podOf, terminated } from './cluster.test-kit.ts'
import { readTerminations } from './read-terminations.ts'
import { terminationEntry } from './termination-entry.ts'
import { createTerminationNews, createTerminationsTold } from './termination-news.ts'

const T1 = '2024-01-01T00:00:00Z'
const T2 = '2024-01-01T00:01:00Z'
const NOW = Date.parse('2024-01-01T01:00:00Z')
const ns = (text: string): bigint => BigInt(Date.parse(text)) * 1_000_000n

test('the run now and the one before it are told, of all kinds of containers', () => {
  const pod = {
    ...podOf('web-1'),
    status: {
      initContainerStatuses: [{ name: 'init', restartCount: 0, state: terminated('i', T1, { exitCode: 0, reason: 'Completed' }) }],
      containerStatuses: [
        { name: 'main', restartCount: 2, state: terminated('m2', T2), lastState: terminated('m1', T1) },
        { name: 'side', restartCount: 0, state: { running: {} }, lastState: {} },
      ],
      ephemeralContainerStatuses: [{ name: 'debug', restartCount: 0, state: terminated('e', T2, { signal: 9 }) }],
    },
  }
  expect(readTerminations(pod).terminations.map(({ container, containerId, signal }) => [container, containerId, signal])).toEqual([
    ['init', 'containerd://i', 0],
    ['main', 'containerd://m1', 0],
    ['main', 'containerd://m2', 0],
    ['debug', 'containerd://e', 9],
  ])
})

const entryOf = (status: Json, form: 'text' | 'json' = 'text') => {
  const pod = readTerminations(podOf('web-1', status))
  const [ended] = pod.terminations
  if (ended === undefined) throw new Error('nothing ended')
  const base = createLabelSet([['cluster', 'c']])
  return terminationEntry(pod, ended, { base, form, fewReasons: (reason) => reason, now: () => NOW })
}

test('an end as an entry', () => {
  const state = terminated('x', T1, { exitCode: 137, reason: 'OOMKilled', message: 'no memory\nleft', signal: 9 })
  const { labels, timestampNs, line, metadata } = entryOf({ restartCount: 3, state })
  expect(Object.fromEntries(labels.labels)).toEqual({
    cluster: 'c',
    job: 'kubernetes-terminations',
    namespace: 'shop',
    pod: 'web-1',
    container: 'main',
    reason: 'OOMKilled',
  })
  expect(timestampNs).toBe(ns(T1))
  expect(line).toBe(String.raw`reason=OOMKilled pod=shop/web-1 container=main exit_code=137 signal=9 restart_count=3 msg="no memory\nleft"`)
  expect(Object.fromEntries(metadata ?? [])).toEqual({
    exit_code: '137',
    signal: '9',
    restart_count: '3',
    pod_uid: 'uid-web-1',
    node_name: 'n1',
    image: 'shop:1',
    container_id: 'containerd://x',
    finished_at: T1,
    message: 'no memory\nleft',
  })
  expect(JSON.parse(entryOf({ restartCount: 3, state }, 'json').line)).toMatchObject({ exit_code: 137, restart_count: 3, pod: 'web-1' })
})

test('an end of which the kubelet does not know when has the time now', () => {
  expect(entryOf({ state: terminated('x', '') }).timestampNs).toBe(BigInt(NOW) * 1_000_000n)
})

describe('news', () => {
  const told = (floor: string, most?: number) => createTerminationsTold({ floorNs: ns(floor), ended: [] }, most)
  const change = (type: 'LISTED' | 'ADDED' | 'MODIFIED' | 'DELETED', name: string, status?: Json) =>
    ({ type, object: readTerminations(podOf(name, status)) }) as const
  const ids = (ended: readonly { readonly containerId: string }[]): readonly string[] =>
    ended.map(({ containerId }) => containerId.replace('containerd://', ''))

  test('an end is told once, however often and in whichever status it stands', () => {
    const { newsOf } = createTerminationNews(told(T1))
    expect(ids(newsOf(change('ADDED', 'a', { state: { running: {} } })))).toEqual([])
    expect(ids(newsOf(change('MODIFIED', 'a', { state: terminated('1', T2) })))).toEqual(['1'])
    expect(ids(newsOf(change('MODIFIED', 'a', { state: { waiting: {} }, lastState: terminated('1', T2) })))).toEqual([])
    expect(ids(newsOf(change('MODIFIED', 'a', { restartCount: 1, state: { running: {} }, lastState: terminated('1', T2) })))).toEqual([])
    // Both of them between two looks.
    expect(ids(newsOf(change('MODIFIED', 'a', { restartCount: 3, state: terminated('3', T2), lastState: terminated('2', T2) })))).toEqual([
      '2',
      '3',
    ])
    expect(ids(newsOf(change('DELETED', 'a', { state: terminated('3', T2), lastState: terminated('2', T2) })))).toEqual([])
  })

  test('an end that only the deletion tells is news', () => {
    const { newsOf } = createTerminationNews(told(T1))
    newsOf(change('LISTED', 'a', { state: { running: {} } }))
    expect(ids(newsOf(change('DELETED', 'a', { state: terminated('1', T2) })))).toEqual(['1'])
  })

  test('of pods that were not known, by time and by what was told', () => {
    const before = told(T1)
    const [one] = readTerminations(podOf('b', { state: terminated('told', T2) })).terminations
    if (one !== undefined) before.add(one)
    const { newsOf } = createTerminationNews(before)
    expect(ids(newsOf(change('LISTED', 'a', { state: terminated('old', T1) })))).toEqual([])
    expect(ids(newsOf(change('LISTED', 'b', { state: terminated('told', T2) })))).toEqual([])
    expect(ids(newsOf(change('MODIFIED', 'c', { state: terminated('new', T2), lastState: terminated('old', T1) })))).toEqual(['new'])
    // It is younger than the time at which everything was known: the clock of its node is wrong.
    expect(ids(newsOf(change('ADDED', 'd', { state: terminated('behind', T1) })))).toEqual(['behind'])
  })

  test('a clock that is behind hides nothing of a pod that is known', () => {
    const { newsOf } = createTerminationNews(told(T2))
    newsOf(change('LISTED', 'a', { state: { running: {} } }))
    expect(ids(newsOf(change('MODIFIED', 'a', { state: terminated('1', T1) })))).toEqual(['1'])
  })

  test('pods that a list does not have are forgotten', () => {
    const news = createTerminationNews(told(T1))
    for (const name of ['a', 'b']) news.newsOf(change('LISTED', name))
    news.endList()
    news.newsOf(change('LISTED', 'b'))
    news.endList()
    expect(news.size()).toBe(1)
  })

  test('what is handed on is bounded: what was told longest ago counts as told by its time', () => {
    const before = told(T1, 1)
    const [one, two] = ['1', '2'].flatMap(
      (id) => readTerminations(podOf('a', { state: terminated(id, id === '1' ? T1 : T2) })).terminations,
    )
    if (one === undefined || two === undefined) throw new Error('nothing ended')
    before.add(two)
    before.add(one)
    expect(before.snapshot().ended.map(([, finishedNs]) => finishedNs)).toEqual([ns(T2)])
    expect([before.has(one), before.has(two), before.has({ ...one, id: 'other' })]).toEqual([true, true, true])
    expect(before.has({ ...two, id: 'later', finishedNs: ns(T2) })).toBe(false)
  })
})
