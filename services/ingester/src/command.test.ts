import { ConfigError, type Kind } from '@clymene/model'
import { helpOf, type Command } from '@clymene/runtime'
import { describe, expect, test } from 'vitest'

import { ingesterCommand, kindOfTopic, promtailIngesterCommand, topicsOf } from './command.ts'

async function warningsOf(command: Command, argv: readonly string[], env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  return (await command.configure(argv, env)).warnings
}

async function mistakesOf(command: Command, argv: readonly string[], env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  try {
    return [`no mistake, warnings ${JSON.stringify(await warningsOf(command, argv, env))}`]
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.mistakes
  }
}

const ALL = 'prometheus, cortex, loki, elasticsearch, embedded, gateway, kafka'
const WORKERS = 'one body per partition and storage is on its way, so that order holds; more partitions give more at a time'
const NO_PANIC = 'a member that makes no progress although there is lag ends by itself; an idle topic is no reason to end'

type Row = readonly [name: string, argv: readonly string[], env: NodeJS.ProcessEnv, expected: readonly string[]]

describe('ingester: what is accepted, with which warnings', () => {
  test.each<Row>([
    ['no books', ['--kafka.ledger.topic='], { STORAGE_TYPE: 'prometheus' }, []],
    [
      'books, and bodies of another size',
      ['--ledger.save-interval=1s', '--ledger.max-agents=10', '--ingester.body-max-bytes=1MiB', '--ingester.body-max-records=10'],
      { STORAGE_TYPE: 'prometheus' },
      [],
    ],
    ['a storage', [], { STORAGE_TYPE: 'prometheus' }, []],
    ['several, with blanks', [], { STORAGE_TYPE: 'prometheus, loki ,elasticsearch' }, []],
    ['the storage by a flag', ['--storage-type=loki'], {}, []],
    [
      'the manifest of the original',
      ['--prometheus.remote.url=http://p:9090/api/v1/write', '--es.server-urls=http://e:9200', '--log-level=info'],
      { STORAGE_TYPE: 'prometheus,elasticsearch' },
      [],
    ],
    [
      'the consumer of the original',
      ['--kafka.consumer.brokers=a:9092,b:9092', '--kafka.consumer.topic=t', '--kafka.consumer.group-id=g', '--kafka.consumer.client-id=c'],
      { STORAGE_TYPE: 'prometheus' },
      [],
    ],
    [
      'credentials of the original',
      [
        '--kafka.consumer.authentication=plaintext',
        '--kafka.consumer.plaintext.username=u',
        '--kafka.consumer.plaintext.password=p',
        '--kafka.consumer.plaintext.mechanism=scram-sha-512',
      ],
      { STORAGE_TYPE: 'prometheus' },
      [],
    ],
    [
      'what changed something in the original',
      ['--clymene-ingester.parallelism=1000', '--clymene-ingester.deadlockInterval=1m'],
      { STORAGE_TYPE: 'prometheus' },
      [`--clymene-ingester.parallelism has no effect: ${WORKERS}`, `--clymene-ingester.deadlockInterval has no effect: ${NO_PANIC}`],
    ],
    [
      'the encoding, which every message tells itself',
      ['--kafka.consumer.encoding=json', '--kafka.consumer.protocol-version=2.0.0'],
      { STORAGE_TYPE: 'prometheus' },
      [
        '--kafka.consumer.protocol-version has no effect: the protocol version is agreed on with each broker',
        '--kafka.consumer.encoding has no effect: protobuf and JSON are both recognised',
      ],
    ],
    [
      'flags of storages that are not selected, one by one',
      ['--loki.client.url=http://l:3100/loki/api/v1/push', '--es.username=u'],
      { STORAGE_TYPE: 'prometheus' },
      [
        '--loki.client.url has no effect: storage loki is not selected by STORAGE_TYPE',
        '--es.username has no effect: storage elasticsearch is not selected by STORAGE_TYPE',
      ],
    ],
    ['Kafka into other brokers', ['--kafka.producer.brokers=other:9092'], { STORAGE_TYPE: 'kafka' }, []],
    [
      'Kafka into other topics',
      ['--kafka.producer.topic=copy', '--kafka.producer.promtail.topic=copy-logs'],
      { STORAGE_TYPE: 'kafka' },
      [],
    ],
    [
      'Kafka into the topic of the kind that is not served',
      ['--signals=logs', '--kafka.producer.promtail.topic=copy'],
      { STORAGE_TYPE: 'kafka' },
      [],
    ],
    ['one kind of two', ['--signals=logs'], { STORAGE_TYPE: 'elasticsearch' }, []],
    ['one group for all storages of a kind', ['--kafka.consumer.group-per-storage=false'], { STORAGE_TYPE: 'prometheus,cortex' }, []],
    [
      'the topic of a kind that no storage takes',
      ['--kafka.consumer.promtail.topic=l'],
      { STORAGE_TYPE: 'prometheus' },
      ['--kafka.consumer.promtail.topic has no effect: logs are not served'],
    ],
    [
      'the topic of a kind that --signals leaves out',
      ['--kafka.consumer.topic=m', '--signals=logs'],
      { STORAGE_TYPE: 'elasticsearch' },
      ['--kafka.consumer.topic has no effect: metrics are not served'],
    ],
    ['the same name for both topics where one is read', ['--kafka.consumer.topic=clymene-logs'], { STORAGE_TYPE: 'prometheus' }, []],
  ])('%s', async (_name, argv, env, warnings) => {
    expect(await warningsOf(ingesterCommand, argv, env)).toEqual(warnings)
  })
})

describe('ingester: what is refused, every mistake at once', () => {
  test.each<Row>([
    [
      'books between the messages',
      ['--kafka.ledger.topic=clymene'],
      { STORAGE_TYPE: 'prometheus' },
      ['--kafka.ledger.topic=clymene: expected a topic of its own, as messages are read from this one or their dead letters written to it'],
    ],
    [
      'books between dead letters',
      ['--kafka.ledger.topic=clymene-logs-dead-letter', '--kafka.consumer.promtail.topic=clymene-logs'],
      { STORAGE_TYPE: 'loki' },
      [
        '--kafka.ledger.topic=clymene-logs-dead-letter: expected a topic of its own, as messages are read from this one or their dead letters written to it',
      ],
    ],
    [
      'one group for two topics',
      ['--kafka.consumer.group-per-storage=false'],
      { STORAGE_TYPE: 'prometheus,loki' },
      ['--kafka.consumer.group-per-storage=false: one group reads one topic, expected --signals=metrics or --signals=logs, found both'],
    ],
    ['no storage', [], {}, [`STORAGE_TYPE is empty: expected one or more of ${ALL}`]],
    ['an empty one', [], { STORAGE_TYPE: ' , ' }, [`STORAGE_TYPE is empty: expected one or more of ${ALL}`]],
    [
      'unknown ones',
      [],
      { STORAGE_TYPE: 'prometheus,influx,kdb' },
      [`STORAGE_TYPE names "influx": expected one or more of ${ALL}`, `STORAGE_TYPE names "kdb": expected one or more of ${ALL}`],
    ],
    [
      'a kind that no storage takes',
      ['--signals=metrics'],
      { STORAGE_TYPE: 'loki' },
      [
        '--signals asks for metrics, which STORAGE_TYPE=loki does not take: add one of prometheus, cortex, elasticsearch, embedded, gateway, kafka',
      ],
    ],
    [
      'an unknown kind',
      ['--signals=metrics,traces'],
      { STORAGE_TYPE: 'loki' },
      ['--signals=metrics,traces: expected one or more of metrics, logs'],
    ],
    [
      'a flag that nobody knows',
      ['--kafka.consumer.broker=a:9092'],
      { STORAGE_TYPE: 'prometheus' },
      ['--kafka.consumer.broker: unknown flag, did you mean --kafka.consumer.brokers?'],
    ],
    ['a flag that is like no other', ['--frobnicate'], { STORAGE_TYPE: 'prometheus' }, ['--frobnicate: unknown flag']],
    ['a flag of the agent', ['--config.file=/etc/clymene/clymene.yml'], { STORAGE_TYPE: 'prometheus' }, ['--config.file: unknown flag']],
    ['a flag without its value', ['--kafka.consumer.topic'], { STORAGE_TYPE: 'prometheus' }, ['--kafka.consumer.topic: expected a value']],
    [
      'the same topic for both',
      ['--kafka.consumer.topic=t', '--kafka.consumer.promtail.topic=t'],
      { STORAGE_TYPE: 'elasticsearch' },
      [
        '--kafka.consumer.topic=t and --kafka.consumer.promtail.topic=t: expected two topics, neither of them the dead letters of the other',
      ],
    ],
    [
      'the dead letters of one as the other',
      ['--kafka.consumer.promtail.topic=clymene-dead-letter'],
      { STORAGE_TYPE: 'elasticsearch' },
      [
        '--kafka.consumer.topic=clymene and --kafka.consumer.promtail.topic=clymene-dead-letter: expected two topics, neither of them the dead letters of the other',
      ],
    ],
    ['a topic without a name', ['--kafka.consumer.topic='], { STORAGE_TYPE: 'prometheus' }, ['--kafka.consumer.topic: expected a name']],
    [
      'wrong brokers, credentials that are incomplete, and the topics',
      ['--kafka.consumer.brokers=a', '--kafka.consumer.topic=', '--kafka.consumer.session-timeout=1ms'],
      { STORAGE_TYPE: 'prometheus' },
      [
        '--kafka.consumer.topic: expected a name',
        '--kafka.consumer.brokers: expected host:port, found "a"',
        '--kafka.consumer.session-timeout: expected at least 1000ms',
      ],
    ],
    [
      'Kafka into the topics that it is read from',
      [],
      { STORAGE_TYPE: 'prometheus,kafka' },
      [
        '--kafka.producer.topic=clymene: expected a topic of other brokers, or another one, as this one is read here',
        '--kafka.producer.promtail.topic=clymene-logs: expected a topic of other brokers, or another one, as this one is read here',
      ],
    ],
    [
      'metrics into the topic of logs, with one broker in common',
      [
        '--kafka.consumer.brokers=a:9092,b:9092',
        '--kafka.producer.brokers=b:9092,c:9092',
        '--kafka.producer.topic=clymene-logs',
        '--kafka.producer.promtail.topic=copy',
      ],
      { STORAGE_TYPE: 'kafka' },
      ['--kafka.producer.topic=clymene-logs: expected a topic of other brokers, or another one, as this one is read here'],
    ],
    ['a word', ['extra'], { STORAGE_TYPE: 'prometheus' }, ['extra: unexpected word, expected flags only']],
    [
      'what a storage finds in its flags',
      ['--prometheus.remote.timeout=0'],
      { STORAGE_TYPE: 'prometheus' },
      ['--prometheus.remote.timeout: expected at least 1ms, found 0ms'],
    ],
    [
      'a value that is wrong beside files, topics and credentials that are',
      [
        '--kafka.consumer.authentication=tls',
        '--kafka.consumer.tls.ca=/nope',
        '--kafka.ledger.topic=clymene',
        '--prometheus.remote.url=foo',
        '--prometheus.remote.timeout=0',
        '--ledger.save-interval=1ms',
      ],
      { STORAGE_TYPE: 'prometheus' },
      [
        '--prometheus.remote.url="foo": expected an absolute URL such as http://host:port/path',
        '--ledger.save-interval="1ms": expected at least 100ms',
        '--prometheus.remote.timeout: expected at least 1ms, found 0ms',
        '--kafka.ledger.topic=clymene: expected a topic of its own, as messages are read from this one or their dead letters written to it',
        '--kafka.consumer.tls.ca: cannot read /nope: no such file',
      ],
    ],
    [
      'credentials beside no storage, of which it is not known which topics they read',
      ['--kafka.consumer.authentication=kerberos', '--kafka.consumer.group-per-storage=false'],
      {},
      [
        `STORAGE_TYPE is empty: expected one or more of ${ALL}`,
        '--kafka.consumer.authentication=kerberos: not supported by this client; use plaintext with SCRAM-SHA-512 or PLAIN, or tls',
      ],
    ],
    [
      'a topic that no broker takes',
      ['--kafka.ledger.topic=bad topic/name'],
      { STORAGE_TYPE: 'prometheus' },
      ['--kafka.ledger.topic="bad topic/name": expected the name of a topic: at most 249 of a-z, A-Z, 0-9, ".", "_" and "-"'],
    ],
    [
      'several at once, of flags, variables and the storage',
      ['--kafka.consumer.queue-bytes=much', '--log-level=loud', '--topic=x'],
      { STORAGE_TYPE: 'nowhere', KAFKA_CONSUMER_SESSION_TIMEOUT: 'soon' },
      [
        `STORAGE_TYPE names "nowhere": expected one or more of ${ALL}`,
        '--topic: unknown flag',
        '--log-level="loud": expected one of debug, info, warn, error, dpanic, panic, fatal',
        '--kafka.consumer.queue-bytes="much": expected a size such as 65536, 512KiB or 64MiB',
        'KAFKA_CONSUMER_SESSION_TIMEOUT="soon": expected a duration such as 500ms, 10s or 1m30s',
      ],
    ],
  ])('%s', async (_name, argv, env, mistakes) => {
    expect(await mistakesOf(ingesterCommand, argv, env)).toEqual(mistakes)
  })

  test('a secret is not shown by a mistake beside it', async () => {
    const argv = ['--kafka.consumer.plaintext.password=hunter2', '--kafka.consumer.authentication=plaintext', '--kafka.consumer.brokers=a']
    expect((await mistakesOf(ingesterCommand, argv, { STORAGE_TYPE: 'prometheus' })).join('\n')).not.toContain('hunter2')
  })
})

describe('promtail-ingester: logs only', () => {
  test.each<Row>([
    [
      'the manifest of the original',
      ['--kafka.consumer.brokers=kafka.kafka:9092', '--loki.client.url=http://l:3100/loki/api/v1/push', '--es.server-urls=http://e:9200'],
      { STORAGE_TYPE: 'loki,elasticsearch' },
      [],
    ],
    [
      'what changed something in the original',
      ['--promtail-ingester.parallelism=1000', '--promtail-ingester.deadlockInterval=1m', '--kafka.consumer.promtail.topic=t'],
      { STORAGE_TYPE: 'loki' },
      [`--promtail-ingester.parallelism has no effect: ${WORKERS}`, `--promtail-ingester.deadlockInterval has no effect: ${NO_PANIC}`],
    ],
    ['a storage of metrics beside one of logs', [], { STORAGE_TYPE: 'prometheus,loki' }, []],
    [
      'the topic of metrics',
      ['--kafka.consumer.topic=t'],
      { STORAGE_TYPE: 'loki' },
      ['--kafka.consumer.topic has no effect: metrics are not served'],
    ],
    ['its own kind, said again', ['--signals=logs'], { STORAGE_TYPE: 'loki' }, []],
  ])('%s', async (_name, argv, env, warnings) => {
    expect(await warningsOf(promtailIngesterCommand, argv, env)).toEqual(warnings)
  })

  test.each<Row>([
    ['no storage', [], {}, [`STORAGE_TYPE is empty: expected one or more of ${ALL}`]],
    [
      'a storage of metrics only',
      [],
      { STORAGE_TYPE: 'prometheus' },
      ['--signals asks for logs, which STORAGE_TYPE=prometheus does not take: add one of loki, elasticsearch, embedded, gateway, kafka'],
    ],
    ['the other kind', ['--signals=metrics'], { STORAGE_TYPE: 'elasticsearch' }, ['--signals=metrics: this service is limited to logs']],
    [
      'both kinds',
      ['--signals=metrics,logs'],
      { STORAGE_TYPE: 'elasticsearch' },
      ['--signals=metrics,logs: this service is limited to logs'],
    ],
  ])('refused: %s', async (_name, argv, env, mistakes) => {
    expect(await mistakesOf(promtailIngesterCommand, argv, env)).toEqual(mistakes)
  })
})

describe('the topic of each kind', () => {
  const values = { 'kafka.consumer.topic': 'm', 'kafka.consumer.promtail.topic': 'l' }
  test.each<[kinds: readonly Kind[], expected: readonly (readonly [Kind, string])[]]>([
    [['metrics'], [['metrics', 'm']]],
    [['logs'], [['logs', 'l']]],
    [
      ['metrics', 'logs'],
      [
        ['metrics', 'm'],
        ['logs', 'l'],
      ],
    ],
  ])('%j', (kinds, expected) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the flags that it reads
    expect([...topicsOf(values as Parameters<typeof topicsOf>[0], kinds)]).toEqual(expected)
  })
})

test.each<[topic: string, kind: Kind]>([
  ['clymene-logs', 'logs'],
  ['clymene-logs-dead-letter', 'logs'],
  ['clymene', 'metrics'],
  ['clymene-dead-letter', 'metrics'],
])('what is on %s is %s', (topic, kind) => {
  expect(kindOfTopic('clymene-logs')(topic)).toBe(kind)
})

test.each([
  ['ingester', ingesterCommand],
  ['promtail-ingester', promtailIngesterCommand],
])('%s --help names every storage and the admin port', (name, command) => {
  const help = helpOf(command)
  expect(help).toContain(`clymene ${name} [flags]`)
  for (const storage of ALL.split(', ')) expect(help).toContain(`Storage ${storage}:`)
  expect(help).toContain('--admin.http.host-ports address  (default :15694)')
})
