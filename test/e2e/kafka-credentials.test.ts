import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Logger } from '@clymene/model'
import { silentLogger } from '@clymene/runtime'
import { issue } from '@clymene/runtime/testing'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { describeWithEngines, startKafka, type Kafka, type SecureListeners } from '../engines/index.ts'
import { collect, never, numbered, WAIT_MS } from './bus-traffic.ts'
import { createTopicOf, openKafkaBus } from './kafka-fixture.ts'

const USER = 'clymene'
const PASSWORD = 'geheim'
const YESTERDAY = new Date(Date.now() - 86_400_000)

/** The authority of the brokers' certificates and the one of their clients' are not the same. */
const brokersAuthority = issue('brokers')
const clientsAuthority = issue('clients')
const broker = issue('broker', { by: brokersAuthority, addresses: ['127.0.0.1'] })
const client = issue('client', { by: clientsAuthority })
const expired = issue('expired', { by: clientsAuthority, from: new Date(0), until: YESTERDAY })

const directory = mkdtempSync(join(tmpdir(), 'kafka-credentials-'))
let files = 0
const file = (content: string): string => {
  const path = join(directory, String(files++))
  writeFileSync(path, content)
  return path
}

const SASL = (mechanism: string, password: string): readonly string[] => [
  'authentication=plaintext',
  `plaintext.username=${USER}`,
  `plaintext.password-file=${password}`,
  `plaintext.mechanism=${mechanism}`,
]
const TLS = (ca: string): readonly string[] => ['tls.enabled', `tls.ca=${ca}`]
const CLIENT = (cert: string, key: string): readonly string[] => ['authentication=tls', `tls.cert=${cert}`, `tls.key=${key}`]

/** The same for the producer and the consumer. */
const both = (flags: readonly string[]): string[] =>
  flags.flatMap((flag) => [`--kafka.producer.${flag}`, `--kafka.consumer.${flag}`]).concat('--kafka.producer.topic-partitions=1')

type Line = { readonly level: string; readonly text: string }

function recording(): Logger & { readonly lines: Line[] } {
  const lines: Line[] = []
  const at =
    (level: string): Logger['info'] =>
    (message, fields) =>
      void lines.push({ level, text: `${message} ${JSON.stringify(fields)}` })
  return { ...silentLogger, lines, info: at('info'), warn: at('warn'), error: at('error') }
}

describeWithEngines(['kafka'], 'credentials at Kafka', () => {
  let kafka: Kafka
  let addresses: SecureListeners
  beforeAll(async () => {
    kafka = await startKafka({
      security: { user: USER, password: PASSWORD, certificate: broker, clientAuthority: clientsAuthority.cert },
      settings: { 'auto.create.topics.enable': 'false' },
    })
    addresses = kafka.secure!
  }, WAIT_MS)
  afterAll(async () => {
    await Promise.all(opened.map((bus) => bus.close()))
    await kafka?.stop()
    rmSync(directory, { recursive: true })
  }, WAIT_MS)

  const opened: { readonly close: () => Promise<void> }[] = []
  const open = (listener: keyof SecureListeners, flags: readonly string[], logger: Logger = silentLogger) => {
    const bus = openKafkaBus(addresses[listener], { argv: both(flags), logger })
    opened.push(bus)
    return bus
  }

  describe.concurrent('the right ones: what is produced is consumed', () => {
    const password = file(PASSWORD)
    const ca = file(brokersAuthority.cert)
    test.each<readonly [name: string, listener: keyof SecureListeners, flags: readonly string[]]>([
      ['PLAIN', 'sasl', SASL('PLAIN', password)],
      ['SCRAM-SHA-256', 'sasl', SASL('SCRAM-SHA-256', password)],
      ['SCRAM-SHA-512', 'sasl', SASL('SCRAM-SHA-512', password)],
      ['SCRAM-SHA-512 by TLS', 'saslTls', [...SASL('SCRAM-SHA-512', password), ...TLS(ca)]],
      ['TLS', 'tls', TLS(ca)],
      ['TLS with any certificate', 'tls', ['tls.enabled', 'tls.skip-host-verify']],
      ['a client certificate', 'mutualTls', [...TLS(ca), ...CLIENT(file(client.cert), file(client.key))]],
    ])('%s', async (name, listener, flags) => {
      const topic = `metrics-${name.replaceAll(' ', '-')}`
      const bus = open(listener, flags)
      await bus.produce(topic, numbered(1, 0, 3), never())
      const reading = collect(bus, topic, topic)
      await reading.until(() => reading.count() === 3)
      await reading.stop()
      expect(bus.unavailable()).toBeUndefined()
    })
  })

  type Fault = {
    readonly name: string
    readonly listener: keyof SecureListeners
    /** Flags that name the files, and what puts the right content into them. */
    readonly make: () => { readonly flags: readonly string[]; readonly mend: () => void }
    readonly told: RegExp
  }

  const withPassword = (mechanism: string) => () => {
    const path = file('falsch')
    return { flags: SASL(mechanism, path), mend: () => writeFileSync(path, PASSWORD) }
  }

  /** For whom a client shows another certificate. */
  const withCertificate = (wrong: typeof client) => () => {
    const [cert, key] = [file(wrong.cert), file(wrong.key)]
    const mend = (): void => {
      writeFileSync(cert, client.cert)
      writeFileSync(key, client.key)
    }
    return { flags: [...TLS(file(brokersAuthority.cert)), ...CLIENT(cert, key)], mend }
  }

  describe.concurrent('the wrong ones are told of, and what is mended in place goes on', () => {
    test.each<Fault>([
      { name: 'a password for PLAIN', listener: 'sasl', make: withPassword('PLAIN'), told: /SASL PLAIN authentication failed: / },
      {
        name: 'a password for SCRAM',
        listener: 'sasl',
        make: withPassword('SCRAM-SHA-512'),
        told: /SASL SCRAM SHA512 authentication failed: /,
      },
      {
        name: 'an authority that did not issue the certificate of the broker',
        listener: 'tls',
        make: () => {
          const ca = file(clientsAuthority.cert)
          return { flags: TLS(ca), mend: () => writeFileSync(ca, brokersAuthority.cert) }
        },
        told: /the server's certificate comes from an authority that is not trusted here/,
      },
      {
        name: 'a client certificate that has expired',
        listener: 'mutualTls',
        make: withCertificate(expired),
        told: /the client certificate .* \(CN=expired, issued by CN=clients\) expired on /,
      },
      {
        name: 'a client certificate of an unknown authority',
        listener: 'mutualTls',
        make: withCertificate(issue('stranger', { by: brokersAuthority })),
        told: /the client certificate .* \(CN=stranger, issued by CN=brokers\), valid until .*, may not be accepted there/,
      },
      {
        name: 'no client certificate',
        listener: 'mutualTls',
        make: () => {
          // Flags cannot be mended in place: the broker is asked by the listener that wants none.
          const ca = file(brokersAuthority.cert)
          return { flags: TLS(ca), mend: () => undefined }
        },
        told: /it may ask for a client certificate, and none is given/,
      },
    ])('$name', async ({ name, listener, make, told }) => {
      const { flags, mend } = make()
      const logger = recording()
      const topic = await createTopicOf(kafka.bootstrap, `metrics-${name.replaceAll(' ', '-')}`)
      const bus = open(listener, flags, logger)
      const reading = collect(bus, topic, topic)
      await expect(bus.produce(topic, numbered(1, 0, 1), never())).rejects.toMatchObject({
        name: 'RetryableError',
        message: expect.stringMatching(told),
        needsOperator: true,
      })
      await vi.waitFor(() => expect(bus.unavailable()).toMatch(told), WAIT_MS)
      const errors = (start: string) => logger.lines.filter(({ level, text }) => level === 'error' && text.startsWith(start))
      await vi.waitFor(() => expect(errors('cannot consume')).toHaveLength(1), WAIT_MS)
      for (const { text } of errors('')) expect(text).toMatch(told)
      expect(JSON.stringify(logger.lines)).not.toMatch(/falsch|BEGIN/)
      if (name === 'no client certificate') return
      mend()
      await vi.waitFor(() => bus.produce(topic, numbered(1, 0, 3), never()), WAIT_MS)
      await reading.until(() => reading.distinct() === 3)
      await vi.waitFor(() => expect(bus.unavailable()).toBeUndefined(), WAIT_MS)
      // Each part told it once, however often it tried.
      expect(Math.max(...['cannot consume', 'cannot produce', 'cannot reach Kafka'].map((start) => errors(start).length))).toBe(1)
      await reading.stop()
    })
  })
})
