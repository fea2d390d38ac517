import { expect, onTestFinished, test, vi } from 'vitest'

import { recordingLogger } from '../embedded/test-kit.ts'
import { waitForBrokers } from './broker-wait.ts'

// The timers of node:timers/promises are not faked: each look at the brokers takes its time by the clock instead.
vi.mock('node:timers/promises', () => ({ setTimeout: () => Promise.resolve() }))

const refused = (): Error => Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { name: 'KafkaJSConnectionError' })
const timedOut = (): Error => Object.assign(new Error('Connection timeout'), { name: 'KafkaJSConnectionError' })
const unauthenticated = (): Error => Object.assign(new Error('SASL PLAIN: wrong password'), { name: 'KafkaJSSASLAuthenticationError' })

/** Waits for brokers that fail `failures` times, a second each. */
async function wait(failure: () => Error, failures: number) {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const logger = recordingLogger()
  const states: (string | undefined)[] = []
  let asked = 0
  const ping = (): Promise<void> => {
    if (asked++ >= failures) return Promise.resolve()
    vi.advanceTimersByTime(1000)
    return Promise.reject(failure())
  }
  const waiting = { brokers: ['b:9092'], ping, onState: (away: string | undefined) => states.push(away), logger }
  await waitForBrokers(waiting, new AbortController().signal)
  return { states, told: logger.lines.map(({ level, message, fields }) => `${level} ${message} ${JSON.stringify(fields)}`) }
}

const REFUSED = (repeated: number) =>
  `warn cannot reach Kafka {"brokers":["b:9092"],"error":"connect ECONNREFUSED 127.0.0.1:1","repeated":${repeated}}`
const REACHED = 'info Kafka is reached {"brokers":["b:9092"]}'

test.each([
  { name: 'there at once: nothing', failure: refused, failures: 0, told: [] },
  { name: 'there after some seconds, as at a normal start: nothing', failure: refused, failures: 4, told: [] },
  { name: 'refusing for longer', failure: refused, failures: 8, told: [REFUSED(0), REACHED] },
  { name: 'refusing for minutes', failure: refused, failures: 130, told: [REFUSED(0), REFUSED(59), REFUSED(59), REACHED] },
  {
    name: 'not answering',
    failure: timedOut,
    failures: 8,
    told: ['warn cannot reach Kafka {"brokers":["b:9092"],"error":"Connection timeout","repeated":0}', REACHED],
  },
  {
    name: 'what somebody has to mend: at once',
    failure: unauthenticated,
    failures: 2,
    told: ['error cannot reach Kafka {"brokers":["b:9092"],"error":"SASL PLAIN: wrong password","repeated":0}', REACHED],
  },
])('brokers that are $name', async ({ failure, failures, told }) => {
  expect((await wait(failure, failures)).told).toEqual(told)
})

test('the state is why they are away, from the first look on, until they are reached', async () => {
  expect((await wait(refused, 2)).states).toEqual([
    'Kafka: connect ECONNREFUSED 127.0.0.1:1',
    'Kafka: connect ECONNREFUSED 127.0.0.1:1',
    undefined,
  ])
})

test('a look that ends because of the stop says nothing', async () => {
  const logger = recordingLogger()
  const stop = new AbortController()
  const states: (string | undefined)[] = []
  const ping = (): Promise<void> => {
    stop.abort()
    return Promise.reject(unauthenticated())
  }
  await waitForBrokers({ brokers: ['b:9092'], ping, onState: (away) => states.push(away), logger }, stop.signal)
  expect([logger.lines, states]).toEqual([[], []])
})
