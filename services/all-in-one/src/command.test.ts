import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ConfigError, type FlagSet } from '@clymene/model'
import { parseFlags } from '@clymene/runtime'
import { storageFlagSets, storages } from '@clymene/storages'
import { afterAll, describe, expect, test } from 'vitest'

import { allInOneCommand } from './command.ts'
import { allInOneFlags, portFlags, portNames } from './flags.ts'

const directory = mkdtempSync(join(tmpdir(), 'clymene-command-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const file = (name: string, text: string): string => {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

const warningsOf = async (argv: readonly string[], env: NodeJS.ProcessEnv = {}) => (await allInOneCommand.configure(argv, env)).warnings
const mistakesOf = async (argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<readonly string[]> => {
  const error: unknown = await allInOneCommand.configure(argv, env).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return error instanceof ConfigError ? error.mistakes : []
}

test('it starts without a flag, and without a warning', async () => {
  expect(await warningsOf([])).toEqual([])
})

test('every port is one of those that are checked before the start, and on loopback', () => {
  expect(portNames.toSorted()).toEqual(Object.keys(portFlags).toSorted())
  expect(Object.values(portFlags).map((one) => one.default.host)).toEqual(portNames.map(() => '127.0.0.1'))
})

test('with its defaults it keeps less than a gibibyte', () => {
  const flags: FlagSet = { ...allInOneFlags, ...storageFlagSets(storages.filter(({ name }) => name === 'embedded')).flags }
  const { values } = parseFlags(flags, [], {})
  const size = (name: string): number => Number(values[name])
  const ownLog = 10 * 1024 ** 2
  const sum = size('bus.max-bytes') + size('buffer.max-bytes') + size('embedded.max-bytes') + ownLog
  expect(sum).toBeGreaterThan(0)
  // Positions, offsets and what grows between two looks of the housekeeping fit in what is left.
  expect(sum).toBeLessThanOrEqual(0.9 * 1024 ** 3)
})

describe('Kafka', () => {
  const brokers = ['--kafka.producer.brokers=b:9092', '--kafka.consumer.brokers=b:9092']

  test('its flags are warnings while the bus is embedded', async () => {
    expect(await warningsOf(brokers)).toEqual([
      '--kafka.producer.brokers has no effect: the bus is embedded, --bus=kafka goes through Kafka',
      '--kafka.consumer.brokers has no effect: the bus is embedded, --bus=kafka goes through Kafka',
    ])
  })
  test('they have their effect with --bus=kafka', async () => {
    expect(await warningsOf(['--bus=kafka', ...brokers])).toEqual([])
  })
  test('and as variables', async () => {
    expect(await warningsOf([], { BUS: 'kafka', KAFKA_PRODUCER_BROKERS: 'b:9092', KAFKA_CONSUMER_BROKERS: 'b:9092' })).toEqual([])
  })
  test('what is written has to be what is read: both topics are told', async () => {
    expect(await mistakesOf(['--bus=kafka', ...brokers, '--kafka.producer.topic=a', '--kafka.consumer.promtail.topic=b'])).toEqual([
      '--kafka.producer.topic=a and --kafka.consumer.topic=clymene: expected the same topic in the all-in-one',
      '--kafka.producer.promtail.topic=clymene-logs and --kafka.consumer.promtail.topic=b: expected the same topic in the all-in-one',
    ])
  })
  test('as storage alone it is fine, and its flags have their effect', async () => {
    expect(await warningsOf(['--storage-type=kafka', '--kafka.producer.brokers=b:9092'])).toEqual([])
  })
  test('topics of their own are fine when they agree', async () => {
    expect(await mistakesOf(['--bus=kafka', ...brokers, '--kafka.producer.topic=a', '--kafka.consumer.topic=a'])).toEqual([])
  })
})

describe('storages', () => {
  test('the embedded store is kept below --data.dir', async () => {
    expect(await warningsOf(['--embedded.dir=/elsewhere'])).toEqual([
      '--embedded.dir has no effect: the all-in-one keeps its store below --data.dir',
    ])
  })
  test('flags of a storage that is not selected are warnings', async () => {
    expect(await warningsOf(['--loki.client.url=http://loki:3100/loki/api/v1/push'])).toEqual([
      expect.stringContaining('--loki.client.url'),
    ])
  })
})

describe('mistakes', () => {
  const cases: readonly [title: string, argv: readonly string[], named: readonly string[]][] = [
    ['a bus that does not exist', ['--bus=redis'], ['--bus']],
    ['a flag that does not exist', ['--data.dri=x'], ['--data.dri']],
    ['a storage that does not exist', ['--storage-type=mongo'], ['mongo']],
    [
      'several at once',
      ['--bus=redis', '--host.interval=soon', '--page.http.host-port=x'],
      ['--bus', '--host.interval', '--page.http.host-port'],
    ],
    [
      'a bus and a buffer that are too small',
      ['--bus.max-bytes=1MiB', '--buffer.max-bytes=1MiB'],
      ['--bus.max-bytes=1MiB: expected at least 16MiB', '--buffer.max-bytes=1MiB: expected at least 16MiB'],
    ],
    [
      'a bus that is not the embedded one',
      ['--bus=kafka', '--kafka.producer.brokers=b:1', '--kafka.consumer.brokers=b:1', '--bus.max-bytes=1MiB'],
      [],
    ],
    ['a store that is too small', ['--embedded.max-bytes=1MiB'], ['--embedded.max-bytes: expected at least 16MiB, found 1048576 bytes']],
    [
      'Kafka as bus and as storage: what is written would be read again',
      ['--bus=kafka', '--storage-type=embedded,kafka'],
      ['STORAGE_TYPE names "kafka": expected another storage with --bus=kafka, which would read again what it writes'],
    ],
    [
      'credentials of Kafka as the bus, beside a value that does not parse',
      ['--bus=kafka', '--kafka.consumer.authentication=kerberos', '--kafka.producer.brokers=foo', '--host.interval=soon'],
      ['--kafka.consumer.authentication=kerberos', '--kafka.producer.brokers: expected host:port, found "foo"', '--host.interval'],
    ],
    ['a file that is not there', ['--config.file=/not/there.yml'], ['--config.file']],
  ]
  test.each(cases)('%s', async (_title, argv, named) => {
    const mistakes = await mistakesOf(argv)
    expect(mistakes).toHaveLength(named.length)
    for (const name of named) expect(mistakes.join('\n')).toContain(name)
  })

  test('in a scrape configuration', async () => {
    const path = file('scrape.yml', 'scrape_configs:\n  - job_name: a\n    scrape_intervall: 5s\n')
    expect((await mistakesOf([`--config.file=${path}`])).join('\n')).toContain('scrape_intervall')
  })
  test('in a log configuration', async () => {
    const path = file('promtail.yml', 'scrape_configs:\n  - job_name: a\n    pipeline_stages: [{ nonsense: {} }]\n')
    expect((await mistakesOf([`--promtail.config.file=${path}`])).join('\n')).toContain('nonsense')
  })
  test('in both files, and in a flag', async () => {
    const [scrape, logs] = [file('a.yml', 'scrape_configs: 5\n'), file('b.yml', 'scrape_configs: 5\n')]
    const mistakes = await mistakesOf([
      `--config.file=${scrape}`,
      `--promtail.config.file=${logs}`,
      '--bus=kafka',
      '--kafka.producer.topic=a',
    ])
    expect(mistakes.join('\n')).toContain('a.yml')
    expect(mistakes.join('\n')).toContain('b.yml')
    expect(mistakes.join('\n')).toContain('--kafka.producer.topic')
  })
})

describe('a gateway as its storage', () => {
  test.each([
    { name: 'the default is its own', argv: [] },
    { name: 'its own by HTTP', argv: ['--gateway.service-type=http'] },
    {
      name: 'its own at another port',
      argv: ['--gateway.grpc-server.host-port=127.0.0.1:9', '--gateway.grpc-client.host-port=a:1,localhost:9'],
    },
  ])('$name: refused, it would send in circles', async ({ argv }) => {
    expect(await mistakesOf(argv, { STORAGE_TYPE: 'gateway' })).toEqual([expect.stringMatching(/in circles$/)])
  })

  test('another one is taken', async () => {
    expect(await mistakesOf(['--gateway.grpc-client.host-port=central:15610'], { STORAGE_TYPE: 'gateway' })).toEqual([])
  })
})
