import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ConfigError, type Flag } from '@clymene/model'
import { flag } from '@clymene/runtime'
import { afterAll, describe, expect, test } from 'vitest'

import { storages } from './registry.ts'
import { checkServiceFlags, parseServiceFlags, type ServiceFlags } from './service-flags.ts'
import { openWith } from './testing/open.ts'

const directory = mkdtempSync(join(tmpdir(), 'clymene-service-flags-'))
const file = (name: string, text: string): string => {
  writeFileSync(join(directory, name), text)
  return join(directory, name)
}
afterAll(() => rmSync(directory, { recursive: true }))

const parse = (argv: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  parseServiceFlags({ flags: { port: flag.int(1, 'A flag of the service') }, defaultStorages: 'prometheus' }, argv, env)

function mistakesOf(argv: readonly string[], env: NodeJS.ProcessEnv = {}): readonly string[] {
  try {
    parse(argv, env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
}

const PERCENT = 'expected a percent-encoded user and password, with %25 for a "%"'
const NO_PEM = file('no.pem', 'x')

type Row = readonly [storage: string, argv: readonly string[], mistakes: readonly (string | RegExp)[]]

describe('what a storage finds in its flags', () => {
  test.each<Row>([
    ['prometheus', ['--prometheus.remote.url=http://u:100%@host/'], [`--prometheus.remote.url: ${PERCENT}`]],
    ['prometheus', ['--prometheus.remote.timeout=0'], ['--prometheus.remote.timeout: expected at least 1ms, found 0ms']],
    [
      'cortex',
      ['--cortex.distributor.url=http://%zz:p@host/', '--cortex.distributor.timeout=0'],
      [`--cortex.distributor.url: ${PERCENT}`, '--cortex.distributor.timeout: expected at least 1ms, found 0ms'],
    ],
    [
      'loki',
      ['--loki.client.url=http://u:100%@host/', '--loki.client.timeout=0'],
      [`--loki.client.url: ${PERCENT}`, '--loki.client.timeout: expected at least 1ms, found 0ms'],
    ],
    [
      'gateway',
      ['--gateway.grpc-client.host-port=15610', '--gateway.grpc-client.timeout=0'],
      [
        '--gateway.grpc-client.host-port: "15610" has no host; expected host:port for each address of the list',
        '--gateway.grpc-client.timeout: expected at least 1ms, found 0ms',
      ],
    ],
    [
      'gateway',
      ['--gateway.grpc-client.tls.enabled', `--gateway.grpc-client.tls.cert=${NO_PEM}`, `--gateway.grpc-client.tls.key=${NO_PEM}`],
      [/^--gateway.grpc-client.tls.cert: expected a PEM certificate \(/, /^--gateway.grpc-client.tls.key: expected a PEM key/],
    ],
    [
      'gateway',
      [`--gateway.grpc-client.tls.cert=${NO_PEM}`, '--gateway.grpc-client.tls.ca=/none', '--gateway.grpc-client.tls.skip-host-verify'],
      ['tls.ca', 'tls.cert', 'tls.skip-host-verify'].map(
        (name) => `--gateway.grpc-client.${name}: has no effect without --gateway.grpc-client.tls.enabled`,
      ),
    ],
    ['gateway', [`--gateway.http-client.tls.cert=${NO_PEM}`], []],
    [
      'gateway',
      ['--gateway.service-type=http', '--gateway.http-client.url=http://u:%@host/', '--gateway.http-client.timeout=0'],
      [`--gateway.http-client.url: ${PERCENT}`, '--gateway.http-client.timeout: expected at least 1ms, found 0ms'],
    ],
    ['gateway', ['--gateway.http-client.timeout=0'], []],
    [
      'gateway',
      ['--gateway.token=t', '--gateway.token-file=/none', '--gateway.grpc-client.tls.enabled', '--gateway.grpc-client.tls.ca=/none'],
      [
        '--gateway.token: expected this or --gateway.token-file, found both',
        '--gateway.token-file: cannot read /none: no such file',
        '--gateway.grpc-client.tls.ca: cannot read /none: no such file',
      ],
    ],
    [
      'gateway',
      ['--gateway.service-type=http', '--gateway.token=t', '--gateway.http-client.url=http://u:p@h/', '--gateway.http-client.tls.ca=/none'],
      [
        '--gateway.http-client.url: has a user in it, expected this or --gateway.token, found both',
        '--gateway.http-client.tls.ca: cannot read /none: no such file',
        '--gateway.http-client.tls.ca: has no effect without TLS, expected an https:// address of ' +
          '--gateway.http-client.url and --gateway.http-client.logs.url',
      ],
    ],
    [
      'prometheus',
      ['--prometheus.remote.username=u', '--prometheus.remote.tls.skip-host-verify'],
      [
        '--prometheus.remote.password: expected this or --prometheus.remote.password-file, as --prometheus.remote.username is given',
        '--prometheus.remote.tls.skip-host-verify: has no effect without TLS, expected an https:// address of --prometheus.remote.url',
      ],
    ],
    [
      'loki',
      ['--loki.client.tenant-id=a b', '--loki.client.headers=X-Scope-OrgID=b'],
      [
        '--loki.client.headers: x-scope-orgid is said by --loki.client.tenant-id already',
        '--loki.client.tenant-id: expected visible ASCII without blanks',
      ],
    ],
    [
      'elasticsearch',
      ['--es.tls.enabled', '--es.username=u'],
      [
        '--es.password: expected this or --es.password-file, as --es.username is given',
        '--es.tls.enabled: has no effect without TLS, expected an https:// address of --es.server-urls',
      ],
    ],
    [
      'elasticsearch',
      ['--es.server-urls=localhost:9200,http://u:100%@host', '--es.token-file=/nowhere/token'],
      [
        '--es.server-urls: expected an absolute URL such as http://host:port/path',
        `--es.server-urls: ${PERCENT}`,
        '--es.token-file: cannot read /nowhere/token: no such file',
        '--es.server-urls: has a user in it, expected this or --es.token-file, found both',
      ],
    ],
    [
      'elasticsearch',
      [`--es.token-file=${file('empty', '\n')}`, '--es.bulk.size=0', '--es.retention=a month'],
      [
        `--es.token-file: cannot use ${join(directory, 'empty')}: it is empty`,
        '--es.bulk.size: expected at least 1 byte, found 0',
        '--es.retention="a month": expected a number and one of d, h, m, s, such as 30d',
      ],
    ],
    ['elasticsearch', ['--es.timeout=0', '--es.retention=30d'], []],
    [
      'kafka',
      ['--kafka.producer.brokers=a', '--kafka.producer.topic=', '--kafka.producer.promtail.topic='],
      [
        '--kafka.producer.brokers: expected host:port, found "a"',
        '--kafka.producer.topic: expected a name',
        '--kafka.producer.promtail.topic: expected a name',
      ],
    ],
    [
      'embedded',
      ['--embedded.max-bytes=1', '--embedded.max-age=1s'],
      ['--embedded.max-bytes: expected at least 16MiB, found 1 bytes', '--embedded.max-age: expected at least 1m, found 1000 ms'],
    ],
  ])('%s with %j', async (name, argv, expected) => {
    const mistakes = mistakesOf(argv, { STORAGE_TYPE: name })
    expect(mistakes).toEqual(expected.map((one) => (typeof one === 'string' ? one : expect.stringMatching(one))))
    if (expected.length === 0) return
    // Who opens it without asking before gets the same.
    const storage = storages.find((one) => one.name === name)
    const values = Object.fromEntries(
      argv.map((text) => {
        const [flagName = '', value = 'true'] = text.slice(2).split(/=(.*)/s)
        return [flagName, storage?.flags[flagName]?.parse(value) as unknown]
      }),
    )
    await expect(storage && openWith(storage, values)).rejects.toMatchObject({ name: 'ConfigError', mistakes })
  })

  test('beside values that do not parse', () => {
    const argv = [
      '--kafka.producer.authentication=kerberos',
      '--kafka.producer.brokers=foo',
      '--kafka.producer.topic=',
      '--kafka.producer.compression-level=40',
      '--port=x',
    ]
    expect(mistakesOf(argv, { STORAGE_TYPE: 'kafka' })).toEqual([
      '--kafka.producer.compression-level="40": expected a whole number between -131072 and 22',
      '--port="x": expected a whole number of at least 0',
      '--kafka.producer.brokers: expected host:port, found "foo"',
      expect.stringMatching(/^--kafka.producer.authentication=kerberos: not supported/),
      '--kafka.producer.topic: expected a name',
    ])
  })

  test('what a service finds is told with them, of a selection that is wrong too', () => {
    const seen: unknown[] = []
    const check = ({ values, selection }: ServiceFlags<{ port: Flag<number> }>) => {
      seen.push([values.port, [...selection.byKind.keys()]])
      throw new ConfigError('of the service')
    }
    const options = { flags: { port: flag.int(1, 'A flag of the service') }, defaultStorages: '' }
    expect(() => checkServiceFlags(options, ['--port=x'], {}, check)).toThrow(
      /^STORAGE_TYPE is empty: .*\n--port="x": expected a whole number of at least 0\nof the service$/,
    )
    expect(seen).toEqual([[1, ['metrics', 'logs']]])
  })

  test('no password is quoted', () => {
    expect(mistakesOf(['--prometheus.remote.url=http://user:hush%@host/']).join()).not.toMatch(/user:|hush/)
  })

  test('of a storage that is not selected nothing is looked at', () => {
    expect(mistakesOf(['--loki.client.timeout=0'])).toEqual([])
  })
})

describe('words that are no flag', () => {
  test.each<readonly [argv: readonly string[], mistakes: readonly string[]]>([
    [['extra'], ['extra: unexpected word, expected flags only']],
    [
      ['--port=2', 'one', '--log', 'two'],
      ['--log: unknown flag', 'one: unexpected word, expected flags only', 'two: unexpected word, expected flags only'],
    ],
    [['--port', '2', '--loki.client.url', 'http://l/'], []],
  ])('%j', (argv, mistakes) => {
    expect(mistakesOf(argv)).toEqual(mistakes)
  })

  test('are told with every other mistake: of flags, of storages', () => {
    expect(mistakesOf(['extra', '--port=x', '--loki.client.timeout=0'], { STORAGE_TYPE: 'loki' })).toEqual([
      '--port="x": expected a whole number of at least 0',
      'extra: unexpected word, expected flags only',
      '--loki.client.timeout: expected at least 1ms, found 0ms',
    ])
  })
})

test('values, selection and warnings when nothing is wrong', () => {
  const { values, storageValues, selection, given, warnings } = parse(['--port=7', '--loki.client.timeout=0'], {
    PROMETHEUS_REMOTE_TIMEOUT: '3s',
  })
  expect(values).toMatchObject({ port: 7, 'storage-type': ['prometheus'] })
  expect(storageValues['prometheus.remote.timeout']).toBe(3000)
  expect([...selection.byKind.keys()]).toEqual(['metrics'])
  expect([...given]).toEqual(['prometheus.remote.timeout', 'port'])
  expect(warnings).toEqual(['--loki.client.timeout has no effect: storage loki is not selected by STORAGE_TYPE'])
})

test('the name that STORAGE_TYPE had before is a mistake, not ignored', () => {
  expect(() => parseServiceFlags({ flags: {}, defaultStorages: 'loki' }, [], { TS_STORAGE_TYPE: 'loki' })).toThrow(
    'TS_STORAGE_TYPE: the name of before, expected STORAGE_TYPE',
  )
})
