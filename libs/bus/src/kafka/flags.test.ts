import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ConfigError } from '@clymene/model'
import { parseFlags } from '@clymene/runtime'
import { issue } from '@clymene/runtime/testing'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'

import { kafkaConsumerFlags, kafkaConsumerOptions, kafkaProducerFlags, kafkaProducerOptions } from './flags.ts'

const producer = (...argv: string[]) => kafkaProducerOptions(parseFlags(kafkaProducerFlags, argv, {}).values)
const consumer = (...argv: string[]) => kafkaConsumerOptions(parseFlags(kafkaConsumerFlags, argv, {}).values)

const directory = mkdtempSync(join(tmpdir(), 'kafka-flags-'))
const file = (name: string, text: string): string => {
  writeFileSync(join(directory, name), text)
  return join(directory, name)
}
afterAll(() => rmSync(directory, { recursive: true }))

describe('kafka.producer', () => {
  test('by default all replicas acknowledge, and a request is as large as the topic allows', () => {
    expect(producer()).toEqual({
      connection: { brokers: ['127.0.0.1:9092'], clientId: 'clymene', tls: undefined, certificate: undefined, sasl: undefined },
      acks: -1,
      compression: 'none',
      compressionLevel: 0,
      batch: { maxBytes: Infinity, maxMessages: Infinity, minMessages: 0, lingerMs: 5 },
      queueBytes: 64 << 20,
      requestTimeoutMs: 15_000,
      deliveryTimeoutMs: 30_000,
      topics: ['clymene', 'clymene-logs'],
      newTopics: { isAllowed: true, partitions: 3, replication: 3, minInSyncReplicas: 2, retentionMs: 72 * 3_600_000 },
    })
  })

  test.each([
    { argv: ['--kafka.producer.required-acks=noack'], expected: { acks: 0 } },
    { argv: ['--kafka.producer.required-acks=local'], expected: { acks: 1 } },
    {
      argv: ['--kafka.producer.batch-size=65536', '--kafka.producer.batch-max-messages=10'],
      expected: { batch: { maxBytes: 65_536, maxMessages: 10 } },
    },
    {
      argv: ['--kafka.producer.batch-linger=20ms', '--kafka.producer.batch-min-messages=3'],
      expected: { batch: { lingerMs: 20, minMessages: 3 } },
    },
    { argv: ['--kafka.producer.create-topics=false'], expected: { newTopics: { isAllowed: false } } },
    {
      argv: ['--kafka.producer.topic-min-in-sync=1', '--kafka.producer.topic-retention=12h'],
      expected: { newTopics: { minInSyncReplicas: 1, retentionMs: 12 * 3_600_000 } },
    },
    { argv: ['--kafka.producer.topic=a', '--kafka.producer.promtail.topic=b'], expected: { topics: ['a', 'b'] } },
    {
      argv: ['--kafka.producer.compression=zstd', '--kafka.producer.compression-level=-7'],
      expected: { compression: 'zstd', compressionLevel: -7 },
    },
  ])('$argv', ({ argv, expected }) => {
    expect(producer(...argv)).toMatchObject(expected)
  })

  test('without effect is the protocol version, which is accepted with a warning', () => {
    const { warnings } = parseFlags(kafkaProducerFlags, ['--kafka.producer.protocol-version=2.8.0'], {})
    expect(warnings).toHaveLength(1)
  })
})

describe('authentication', () => {
  test.each([
    { mechanism: 'PLAIN', expected: 'plain' },
    { mechanism: 'scram-sha-256', expected: 'scram-sha-256' },
    { mechanism: 'SCRAM-SHA-512', expected: 'scram-sha-512' },
  ])('plaintext with $mechanism', ({ mechanism, expected }) => {
    const { connection } = producer(
      '--kafka.producer.authentication=plaintext',
      '--kafka.producer.plaintext.username=u',
      `--kafka.producer.plaintext.password-file=${file('password', 'geheim\n')}`,
      `--kafka.producer.plaintext.mechanism=${mechanism}`,
    )
    expect(connection.sasl).toMatchObject({ mechanism: expected, username: 'u' })
    expect(connection.sasl?.password()).toBe('geheim')
    expect(connection.tls).toBeUndefined()
  })

  test('a password in a file may change', () => {
    const path = file('password', 'old')
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { connection } = consumer(
      '--kafka.consumer.authentication=plaintext',
      '--kafka.consumer.plaintext.username=u',
      `--kafka.consumer.plaintext.password-file=${path}`,
    )
    writeFileSync(path, 'new')
    vi.advanceTimersByTime(1001)
    expect(connection.sasl?.password()).toBe('new')
  })

  test('TLS reads its files for each connection', () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const [one, two] = [issue('one'), issue('two')]
    const ca = file('ca', one.cert)
    const { connection } = consumer(
      '--kafka.consumer.authentication=tls',
      `--kafka.consumer.tls.ca=${ca}`,
      '--kafka.consumer.tls.server-name=broker',
    )
    expect(connection.tls?.()).toMatchObject({ ca: Buffer.from(one.cert), servername: 'broker', rejectUnauthorized: true })
    writeFileSync(ca, two.cert)
    vi.advanceTimersByTime(1001)
    expect(connection.tls?.()).toMatchObject({ ca: Buffer.from(two.cert) })
  })

  test('TLS may be switched on alone, and told to accept any certificate', () => {
    const { connection } = consumer('--kafka.consumer.tls.enabled', '--kafka.consumer.tls.skip-host-verify')
    expect(connection.tls?.()).toEqual({ rejectUnauthorized: false })
  })
})

describe('mistakes are told all at once', () => {
  test.each([
    {
      argv: ['--kafka.producer.authentication=kerberos'],
      expected: [/kerberos: not supported by this client; use plaintext with SCRAM-SHA-512/],
    },
    {
      argv: [
        '--kafka.producer.authentication=plaintext',
        '--kafka.producer.plaintext.username=u',
        '--kafka.producer.plaintext.password=p',
        '--kafka.producer.plaintext.password-file=/nowhere',
      ],
      expected: [/plaintext.password: expected this or .*password-file, found both/, /password-file: cannot read \/nowhere: no such file/],
    },
    { argv: ['--kafka.producer.tls.enabled', '--kafka.producer.tls.ca=/etc/hostname'], expected: [/tls.ca: expected PEM certificates/] },
    { argv: ['--kafka.producer.brokers='], expected: [/brokers: expected at least one/] },
    { argv: ['--kafka.producer.brokers=a,b:9092,[::1]:9092'], expected: [/found "a"/, /found "\[::1\]:9092"/] },
    {
      argv: ['--kafka.producer.authentication=plaintext', '--kafka.producer.plaintext.mechanism=GSSAPI'],
      expected: [/mechanism=GSSAPI: expected one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512/, /username: expected a user/],
    },
    {
      argv: [
        '--kafka.producer.tls.enabled',
        '--kafka.producer.tls.cert=/nowhere',
        '--kafka.producer.compression=gzip',
        '--kafka.producer.compression-level=12',
      ],
      expected: [
        /tls.cert: cannot read \/nowhere: no such file/,
        /tls.key: expected a file, as --kafka.producer.tls.cert is given/,
        /gzip takes 1 to 9/,
      ],
    },
  ])('$argv', ({ argv, expected }) => {
    const mistakes = mistakesOf(() => producer(...argv))
    expect(mistakes).toHaveLength(expected.length)
    for (const [index, pattern] of expected.entries()) expect(mistakes[index]).toMatch(pattern)
  })

  test('a password is never in them', () => {
    const argv = ['--kafka.producer.authentication=plaintext', '--kafka.producer.plaintext.password=geheim']
    expect(mistakesOf(() => producer(...argv)).join()).not.toContain('geheim')
  })

  test('time-outs that are too short', () => {
    const mistakes = mistakesOf(() => producer('--kafka.producer.request-timeout=0', '--kafka.producer.delivery-timeout=5ms'))
    expect(mistakes).toEqual([
      '--kafka.producer.request-timeout: expected at least 100ms',
      '--kafka.producer.delivery-timeout: expected at least 100ms',
    ])
  })

  test.each([
    { argv: ['--kafka.consumer.queue-bytes=1'], expected: '--kafka.consumer.queue-bytes="1": expected at least 65536 bytes' },
    {
      argv: ['--kafka.consumer.batch-bytes=99GiB'],
      expected: '--kafka.consumer.batch-bytes: expected at most the 16777216 of --kafka.consumer.queue-bytes, found 106300440576',
    },
    {
      argv: ['--kafka.consumer.topic=bad topic/name'],
      expected: '--kafka.consumer.topic="bad topic/name": expected the name of a topic: at most 249 of a-z, A-Z, 0-9, ".", "_" and "-"',
    },
  ])('$argv', ({ argv, expected }) => {
    expect(mistakesOf(() => consumer(...argv))).toEqual([expected])
  })

  test('a small queue bounds a batch that nobody asked for', () => {
    expect(consumer('--kafka.consumer.queue-bytes=1MiB')).toMatchObject({ queueBytes: 1 << 20, batchBytes: 4 << 20 })
  })

  test.each(['..', '.', 'a/b', 'a b', 'ä', 'x'.repeat(250)])('no broker takes the topic %j', (topic) => {
    expect(mistakesOf(() => producer(`--kafka.producer.topic=${topic}`))[0]).toMatch(/expected the name of a topic/)
  })
  test.each(['...', 'a.b_c-D9', 'x'.repeat(249)])('every broker takes the topic %j', (topic) => {
    expect(producer(`--kafka.producer.topic=${topic}`).topics[0]).toBe(topic)
  })

  test('topics without a name', () => {
    expect(mistakesOf(() => producer('--kafka.producer.topic=', '--kafka.producer.promtail.topic='))).toEqual([
      '--kafka.producer.topic: expected a name',
      '--kafka.producer.promtail.topic: expected a name',
    ])
  })

  test('a session that is too short', () => {
    expect(mistakesOf(() => consumer('--kafka.consumer.session-timeout=10ms'))[0]).toMatch(/expected at least 1000ms/)
    expect(mistakesOf(() => consumer('--kafka.consumer.batch-wait=1m'))[0]).toMatch(/batch-wait: expected at most 10000ms/)
  })
})

function mistakesOf(act: () => unknown): readonly string[] {
  try {
    act()
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
  throw new Error('nothing was refused')
}
