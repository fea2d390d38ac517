import { expect, test } from 'vitest'

import { recordingLogger } from '../embedded/test-kit.ts'
import { createProduceComplaints, type ProduceComplaints } from './produce-complaints.ts'
import { failureOfCode, failureOfError } from './produce-failure.ts'

const NOT_LEADER = failureOfCode(6)
const UNSYNCED = failureOfCode(19)
const FORBIDDEN = failureOfCode(29)
const INVALID = failureOfCode(87)
const REFUSED = failureOfError(new Error('connect ECONNREFUSED 127.0.0.1:1'))

type Step = (complaints: ProduceComplaints, pass: (seconds: number) => void) => void

const fails =
  (failure: typeof NOT_LEADER, partition?: number): Step =>
  ({ failed }) =>
    failed(failure, partition)
const sends =
  (partition: number): Step =>
  ({ sent }) =>
    sent(partition)
const after =
  (seconds: number): Step =>
  (_complaints, pass) =>
    pass(seconds)

const AGAIN = 'info the topic is produced to again'

test.each<{ name: string; steps: readonly Step[]; told: readonly string[] }>([
  { name: 'nothing failed', steps: [sends(0)], told: [] },
  {
    name: 'a leader that is found soon, as of a topic that was just made, is for who looks closely',
    steps: [fails(NOT_LEADER, 0), after(1), fails(NOT_LEADER, 0), sends(0)],
    told: [
      'debug cannot produce yet: Kafka answered NOT_LEADER_OR_FOLLOWER',
      'debug cannot produce yet: Kafka answered NOT_LEADER_OR_FOLLOWER',
    ],
  },
  {
    name: 'a leader that is not found',
    steps: [fails(NOT_LEADER, 0), after(5), fails(NOT_LEADER, 0), fails(NOT_LEADER, 0), sends(0), sends(0)],
    told: [
      'debug cannot produce yet: Kafka answered NOT_LEADER_OR_FOLLOWER',
      'warn cannot produce: Kafka answered NOT_LEADER_OR_FOLLOWER',
      AGAIN,
    ],
  },
  {
    name: 'a leader that moves once more, later, is given its time again',
    steps: [fails(NOT_LEADER, 0), sends(0), after(100), fails(NOT_LEADER, 0)],
    told: [
      'debug cannot produce yet: Kafka answered NOT_LEADER_OR_FOLLOWER',
      'debug cannot produce yet: Kafka answered NOT_LEADER_OR_FOLLOWER',
    ],
  },
  {
    name: 'brokers that are away',
    steps: [fails(REFUSED), after(6), fails(REFUSED), sends(2)],
    told: ['debug cannot produce yet: connect ECONNREFUSED 127.0.0.1:1', 'warn cannot produce: connect ECONNREFUSED 127.0.0.1:1', AGAIN],
  },
  {
    name: 'other failures are told at once, once a minute',
    steps: [fails(UNSYNCED, 0), after(59), fails(UNSYNCED, 0), after(1), fails(UNSYNCED, 0), sends(0)],
    told: ['warn cannot produce: Kafka answered NOT_ENOUGH_REPLICAS', 'warn cannot produce: Kafka answered NOT_ENOUGH_REPLICAS', AGAIN],
  },
  {
    name: 'what somebody has to change is an error',
    steps: [fails(FORBIDDEN), sends(0)],
    told: ['error cannot produce: Kafka answered TOPIC_AUTHORIZATION_FAILED', AGAIN],
  },
  {
    name: 'it is over when the partition goes that failed, not when another one does',
    steps: [fails(UNSYNCED, 0), sends(1), fails(UNSYNCED, 2), sends(2), sends(0)],
    told: ['warn cannot produce: Kafka answered NOT_ENOUGH_REPLICAS', AGAIN],
  },
  {
    name: 'a message that is refused holds up no other',
    steps: [fails(INVALID, 0), sends(0)],
    told: ['warn cannot produce: Kafka answered INVALID_RECORD'],
  },
  {
    name: 'an end is told for each complaint that was',
    steps: [fails(UNSYNCED, 0), sends(0), fails(UNSYNCED, 0), sends(0), after(60), fails(UNSYNCED, 0), sends(0)],
    told: [
      'warn cannot produce: Kafka answered NOT_ENOUGH_REPLICAS',
      AGAIN,
      'warn cannot produce: Kafka answered NOT_ENOUGH_REPLICAS',
      AGAIN,
    ],
  },
])('$name', ({ steps, told }) => {
  let now = 0
  const logger = recordingLogger()
  const complaints = createProduceComplaints({ topic: 't', logger, now: () => now })
  for (const step of steps) step(complaints, (seconds) => (now += seconds * 1000))
  expect(logger.lines.map(({ level, message }) => `${level} ${message}`)).toEqual(told)
  for (const { fields } of logger.lines) expect(fields).toMatchObject({ topic: 't' })
})
