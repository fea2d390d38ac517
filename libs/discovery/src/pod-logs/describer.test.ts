import { silentLogger } from '@clymene/runtime'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import type { Pod } from '../kubernetes/pod.ts'
import { createDescriber } from './describer.ts'
import { createPodMemory } from './pod-memory.ts'

const LOGS = { namespace: 'n', name: 'web', uid: 'u', key: 'n_web_u', containers: [] }
const WAIT_MS = 5000
const podSaid = (ready: string): Pod => ({
  kind: 'pods',
  key: 'n/web',
  namespace: 'n',
  name: 'web',
  uid: 'u',
  version: '1',
  labels: [],
  annotations: [],
  nodeName: 'n1',
  hostIp: '',
  podIp: '',
  phase: 'Running',
  ready,
  controller: undefined,
  containers: [],
})

type Step = { readonly act: 'says' | 'forgets' | 'lists' | 'reloads'; readonly afterMs: number; readonly ready: string }
const step = fc.record<Step>({
  act: fc.constantFrom('says', 'forgets', 'lists', 'reloads'),
  afterMs: fc.integer({ min: 0, max: 2 * WAIT_MS }),
  ready: fc.constantFrom('true', 'false'),
})

/** An API server and a discoverer that asks it, with a clock that goes by steps. */
function createWorld(selects: boolean) {
  const memory = createPodMemory({ logger: silentLogger })
  const world: { pod: Pod | undefined; listedMs: number | undefined } = { pod: undefined, listedMs: undefined }
  const view = {
    find: () => (world.listedMs === undefined ? undefined : world.pod),
    syncedMs: () => world.listedMs,
    synced: () => world.listedMs !== undefined,
    close: () => undefined,
  }
  const open = () => createDescriber({ view, memory, scope: '', selects, apiWaitMs: WAIT_MS })
  let describer = open()
  const seenMs = memory.firstSeenMs(LOGS.key)
  let nowMs = seenMs
  return {
    seenMs,
    play: ({ act, afterMs, ready }: Step) => {
      nowMs += afterMs
      if (act === 'says') world.pod = podSaid(ready)
      if (act === 'forgets') world.pod = undefined
      if (act === 'lists') world.listedMs ??= nowMs
      if (act === 'reloads') describer = open()
      return { decision: describer.decide(LOGS, nowMs), nowMs, isKnown: view.find() !== undefined }
    },
  }
}

test('a pod waits no longer than it has to, and never goes back to less than is known of it', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
      const world = createWorld(false)
      let wasCollected = false
      let wasDescribed = false
      for (const one of steps) {
        const { decision, nowMs, isKnown } = world.play(one)
        expect(decision.kind).not.toBe('leave')
        if (isKnown || wasCollected || nowMs >= world.seenMs + WAIT_MS) expect(decision.kind).toBe('collect')
        if (decision.kind === 'wait') expect(decision.untilMs).toBe(world.seenMs + WAIT_MS)
        wasCollected = decision.kind === 'collect'
        wasDescribed ||= isKnown
        if (decision.kind === 'collect') expect(decision.description !== undefined).toBe(wasDescribed)
      }
    }),
  )
})

test('of selected pods only those that were named are collected, for as long as there are logs of them', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
      const world = createWorld(true)
      let wasNamed = false
      let isListed = false
      for (const one of steps) {
        const { decision, isKnown } = world.play(one)
        isListed ||= one.act === 'lists'
        wasNamed ||= isKnown
        expect(decision.kind).toBe(wasNamed ? 'collect' : isListed ? 'leave' : 'wait')
      }
    }),
  )
})
