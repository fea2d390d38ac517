import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { ConfigError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { root } from '../testing/child.ts'
import { configureReplay } from './configure.ts'
import { commandFlags, VERBS } from './flags.ts'

const EMPTY = '--since and --until: expected since to be before until (1h is one hour ago): no letter is between them'
const STORAGES = 'prometheus, cortex, loki, elasticsearch, embedded, gateway, kafka'

function mistakesOf(argv: readonly string[], env: NodeJS.ProcessEnv = {}): readonly string[] {
  try {
    configureReplay(argv, env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
}

describe('what is understood', () => {
  test.each<[argv: readonly string[], env: NodeJS.ProcessEnv, expected: object]>([
    [
      ['list'],
      {},
      {
        verb: 'list',
        target: undefined,
        topics: new Map([
          ['clymene', 'metrics'],
          ['clymene-logs', 'logs'],
        ]),
        warnings: [],
      },
    ],
    [['list', '--kind=logs'], {}, { topics: new Map([['clymene-logs', 'logs']]) }],
    [
      ['show', '--kafka.consumer.topic=a'],
      {},
      {
        topics: new Map([
          ['a', 'metrics'],
          ['clymene-logs', 'logs'],
        ]),
      },
    ],
    [['summary'], { KAFKA_CONSUMER_BROKERS: 'k:1' }, { kafka: { connection: { brokers: ['k:1'] } } }],
    [
      ['list', '--buffer.dir=/b'],
      {},
      {
        kafka: undefined,
        folder: { bus: '/b', ledger: '/b/ledger' },
        topics: new Map([
          ['clymene', 'metrics'],
          ['clymene-logs', 'logs'],
          ['metrics', 'metrics'],
          ['logs', 'logs'],
        ]),
      },
    ],
    [
      ['list', '--data.dir=/d', '--kafka.consumer.brokers=not-looked-at'],
      {},
      { kafka: undefined, folder: { bus: '/d/bus', ledger: '/d/ledger' } },
    ],
    [['send', '--storage=loki'], {}, { target: { storage: { name: 'loki' } } }],
    [['send'], { STORAGE_TYPE: 'loki' }, { target: { storage: { name: 'loki' } } }],
    [['send', '--storage=loki'], { STORAGE_TYPE: 'prometheus,loki' }, { target: { storage: { name: 'loki' } } }],
    [['send', '--storage=loki', '--loki.client.url=http://l/x'], {}, { target: { values: { 'loki.client.url': new URL('http://l/x') } } }],
  ])('%j %j', (argv, env, expected) => {
    expect(configureReplay(argv, env)).toMatchObject(expected)
  })

  test('the flags of an ingester, as they stand in its manifest', () => {
    const argv = [
      '--storage-type=prometheus,loki',
      '--prometheus.remote.url=http://p/w',
      '--loki.client.url=http://l/p',
      '--log-level=debug',
    ]
    expect(configureReplay(['send', '--storage=prometheus', ...argv, '--admin.http.host-ports=:1'], {}).warnings).toEqual([])
    expect(configureReplay(['list', ...argv], {}).warnings).toEqual([])
  })

  test.each<[argv: readonly string[], warnings: readonly string[]]>([
    [['--topic=clymene,clymene-logs'], []],
    [['--topic=metrics-dead-letter', '--buffer.dir=/b'], []],
    [['--topic=nope', '--kind=logs'], ['--topic="nope": none of those whose letters are read: clymene-logs (--kafka.consumer.topic)']],
    [['--since=2h', '--until=1h', '--storage=prometheus,kafka'], []],
  ])('a topic whose letters nobody reads is warned of: %j', (argv, warnings) => {
    expect(configureReplay(['list', ...argv], {}).warnings).toEqual(warnings)
  })

  test('a variable of the surroundings is no filter', () => {
    const { values } = configureReplay(['list'], { CLUSTER: 'mine', TOPIC: 't', KIND: 'logs', LIMIT: 'x', SINCE: 'x', STORAGE: 'x' })
    expect({ cluster: values.cluster, topic: values.topic, kind: values.kind }).toEqual({ cluster: [], topic: [], kind: 'all' })
  })
})

describe('what is refused', () => {
  test.each<[argv: readonly string[], mistakes: readonly string[]]>([
    [[], ['replay: expected one of list, show, summary, send']],
    [['--cluster=a'], ['replay: expected one of list, show, summary, send']],
    [['lst'], ['replay lst: expected one of list, show, summary, send']],
    [['__proto__'], ['replay __proto__: expected one of list, show, summary, send']],
    [['list', 'all'], ['all: unexpected word, expected flags only']],
    [['list', '--clusters=a'], ['--clusters: unknown flag, did you mean --cluster?']],
    [['send'], [`--storage="": expected the one storage to send to, of ${STORAGES}`]],
    [['send', '--storage=a'], [`--storage="a": expected the one storage to send to, of ${STORAGES}`]],
    [['list', '--storage=nope,loki'], [`--storage="nope": expected some of ${STORAGES}`]],
    [['list', '--since=1h', '--until=2h'], [EMPTY]],
    [
      ['list', '--since=1h', '--until=1h', '--limit=0'],
      ['--limit="0": expected a whole number of at least 1', EMPTY],
    ],
    [['send', '--storage=loki', '--since=2026-05-02', '--until=2026-05-01'], [EMPTY]],
    [
      ['send', '--storage-type=loki,cortex'],
      [`no --storage, and STORAGE_TYPE="loki,cortex": expected the one storage to send to, of ${STORAGES}`],
    ],
    [['send', '--storage=loki,cortex'], [`--storage="loki,cortex": expected the one storage to send to, of ${STORAGES}`]],
    [['send', '--storage=prometheus', '--kind=logs'], ['--kind=logs: storage prometheus takes metrics only']],
    [['send', '--storage=loki', '--kafka.ledger.topic='], ['--kafka.ledger.topic: expected a topic, in which is noted what was sent']],
    [['list', '--buffer.dir=/b', '--data.dir=/d'], ['--buffer.dir and --data.dir: expected one of them']],
    [['list', '--kafka.consumer.brokers=a'], ['--kafka.consumer.brokers: expected host:port, found "a"']],
    [
      ['list', '--kafka.consumer.session-timeout=soon', '--kafka.consumer.brokers=a', '--until=never', '--storage=nope'],
      [
        '--kafka.consumer.session-timeout="soon": expected a duration such as 500ms, 10s or 1m30s',
        '--until="never": expected a duration such as 2h, or a time such as 2026-05-01T10:00:00Z',
        '--kafka.consumer.brokers: expected host:port, found "a"',
        `--storage="nope": expected some of ${STORAGES}`,
      ],
    ],
    [
      ['send', '--storage=prometheus', '--rate=-1', '--limit=0', '--prometheus.remote.timeout=0', '--kafka.consumer.brokers=a', 'x'],
      [
        '--limit="0": expected a whole number of at least 1',
        '--rate="-1": expected a number of at least 0',
        'x: unexpected word, expected flags only',
        '--prometheus.remote.timeout: expected at least 1ms, found 0ms',
        '--kafka.consumer.brokers: expected host:port, found "a"',
      ],
    ],
  ])('%j', (argv, mistakes) => {
    expect(mistakesOf(argv)).toEqual(mistakes)
  })
})

test('the page on dead letters names every verb and flag', () => {
  const page = readFileSync(join(root, 'docs/dead-letters.md'), 'utf8')
  const missing = [...Object.keys(VERBS).map((verb) => `replay ${verb}`), ...Object.keys(commandFlags).map((name) => `--${name}`)]
  expect(missing.filter((text) => !page.includes(text))).toEqual([])
})
