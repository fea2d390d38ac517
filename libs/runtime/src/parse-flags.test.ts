import { describe, expect, test } from 'vitest'

import { flagHelp } from './flag-help.ts'
import { flag } from './flag.ts'
import { parseFlags } from './parse-flags.ts'

const flags = {
  'loki.client.timeout': flag.duration('10s', 'Limit of one push'),
  'storage-type': flag.oneOf(['loki', 'prometheus'], 'loki', 'Storage'),
  'dry-run': flag.bool(false, 'Print only'),
  'kafka.consumer.brokers': flag.list('127.0.0.1:9092', 'Brokers'),
  'es.password': flag.secret('Password'),
  'batch-wait': flag.duration('1s', 'Age of a batch', { alias: 'Batch-wait' }),
  'bulk-size': flag.bytes('5000000', 'Bytes'),
  'max-doc-count': flag.int(1, 'Documents', { noEffect: 'nothing reads', max: 10 }),
  'http.port': flag.address(':15692', 'Address'),
}
const defaults = {
  'loki.client.timeout': 10_000,
  'storage-type': 'loki',
  'dry-run': false,
  'kafka.consumer.brokers': ['127.0.0.1:9092'],
  'es.password': '',
  'batch-wait': 1000,
  'bulk-size': 5_000_000,
  'max-doc-count': 1,
  'http.port': { host: '', port: 15692 },
}
const ignored = {
  loki: { flags: { 'loki.client.url': flag.string('', 'URL'), 'loki.on': flag.bool(false, 'On') }, reason: 'loki is not in STORAGE_TYPE' },
}

test('mistakes may be kept for later: what has none has its value, the rest its default', () => {
  const mistakes = ['one of before']
  const argv = ['--bulk-size=much', '--storage-type=prometheus', '--unknown']
  expect(parseFlags(flags, argv, {}, { mistakes }).values).toEqual({ ...defaults, 'storage-type': 'prometheus' })
  expect(mistakes).toEqual([
    'one of before',
    '--unknown: unknown flag',
    '--bulk-size="much": expected a size such as 65536, 512KiB or 64MiB',
  ])
})

test.each([
  { one: flag.duration('1s', '', { minMs: 100 }), text: '99ms', error: 'expected at least 100ms', least: '100ms', value: 100 },
  { one: flag.bytes('1MiB', '', { min: 1024 }), text: '1023', error: 'expected at least 1024 bytes', least: '1KiB', value: 1024 },
])('$text is too little: $error', ({ one, text, error, least, value }) => {
  expect(() => one.parse(text)).toThrow(error)
  expect(one.parse(least)).toBe(value)
})

describe('parseFlags', () => {
  const cases: { name: string; argv?: string[]; env?: NodeJS.ProcessEnv; expected: object; warnings?: string[] }[] = [
    { name: 'defaults', expected: {} },
    { name: 'environment', env: { STORAGE_TYPE: 'prometheus' }, expected: { 'storage-type': 'prometheus' } },
    {
      name: 'argv wins over environment',
      argv: ['--loki.client.timeout=500ms'],
      env: { LOKI_CLIENT_TIMEOUT: '1m' },
      expected: { 'loki.client.timeout': 500 },
    },
    { name: 'an empty variable is none', env: { LOKI_CLIENT_TIMEOUT: '' }, expected: {} },
    { name: 'value as a word of its own', argv: ['--loki.client.timeout', '1m30s'], expected: { 'loki.client.timeout': 90_000 } },
    { name: 'a bool without value', argv: ['--dry-run'], expected: { 'dry-run': true } },
    { name: 'a bool with value', argv: ['--dry-run=false'], expected: {} },
    {
      name: 'the last of two wins',
      argv: ['--storage-type=loki', '--storage-type=prometheus'],
      expected: { 'storage-type': 'prometheus' },
    },
    { name: 'a list drops blanks', argv: ['--kafka.consumer.brokers= a:1 , b:2,'], expected: { 'kafka.consumer.brokers': ['a:1', 'b:2'] } },
    { name: 'the capital letters of the original', argv: ['--Batch-wait=5s'], expected: { 'batch-wait': 5000 } },
    { name: 'a size with unit', argv: ['--bulk-size=1.5MiB'], expected: { 'bulk-size': 1_572_864 } },
    { name: 'an address of IPv6', argv: ['--http.port=[::1]:80'], expected: { 'http.port': { host: '::1', port: 80 } } },
    {
      name: 'no effect',
      argv: ['--max-doc-count=5'],
      expected: { 'max-doc-count': 5 },
      warnings: ['--max-doc-count has no effect: nothing reads'],
    },
    {
      name: 'flags of a storage that is not selected',
      argv: ['--loki.client.url=x', '--loki.on'],
      expected: {},
      warnings: ['--loki.client.url has no effect: loki is not in STORAGE_TYPE', '--loki.on has no effect: loki is not in STORAGE_TYPE'],
    },
  ]
  test.each(cases)('$name', ({ argv = [], env = {}, expected, warnings = [] }) => {
    const parsed = parseFlags(flags, argv, env, { ignored })
    expect(parsed.values).toEqual({ ...defaults, ...expected })
    expect(parsed.warnings).toEqual(warnings)
  })

  test('tells what was given and what stands alone', () => {
    const { given, positionals } = parseFlags(flags, ['status', '--dry-run'], { ES_PASSWORD: 'x' })
    expect([...given].toSorted()).toEqual(['dry-run', 'es.password'])
    expect(positionals).toEqual(['status'])
  })

  const mistakes: { name: string; argv?: string[]; env?: NodeJS.ProcessEnv; message: string }[] = [
    {
      name: 'bad duration',
      argv: ['--loki.client.timeout=10'],
      message: '--loki.client.timeout="10": expected a duration such as 500ms, 10s or 1m30s',
    },
    {
      name: 'bad choice in the environment',
      env: { STORAGE_TYPE: 'kdb' },
      message: 'STORAGE_TYPE="kdb": expected one of loki, prometheus',
    },
    { name: 'unknown flag', argv: ['--zzz=x'], message: '--zzz: unknown flag' },
    { name: 'one dash', argv: ['-storage-type=loki'], message: '-storage-type: expected two dashes, --storage-type' },
    { name: 'one dash of a switch', argv: ['-dry-run'], message: '-dry-run: expected two dashes, --dry-run' },
    { name: 'letters behind one dash', argv: ['-z'], message: '-z: unknown flag' },
    { name: 'what every object has', argv: ['--constructor'], message: '--constructor: unknown flag' },
    { name: 'misspelt flag', argv: ['--storage-tipe=loki'], message: '--storage-tipe: unknown flag, did you mean --storage-type?' },
    { name: 'bool with a word', argv: ['--dry-run=maybe'], message: '--dry-run="maybe": expected true or false' },
    { name: 'missing value', argv: ['--storage-type'], message: '--storage-type: expected a value' },
    { name: 'number too large', argv: ['--max-doc-count=11'], message: 'expected a whole number between 0 and 10' },
    { name: 'bad size', argv: ['--bulk-size=1XB'], message: '--bulk-size="1XB": expected a size such as 65536, 512KiB or 64MiB' },
    { name: 'bad address', argv: ['--http.port=a:b'], message: '--http.port="a:b": expected host:port, :port or port' },
    { name: 'port too large', argv: ['--http.port=:70000'], message: 'expected host:port, :port or port' },
  ]
  test.each(mistakes)('$name', ({ argv = [], env = {}, message }) => {
    expect(() => parseFlags(flags, argv, env)).toThrow(message)
  })

  test('all mistakes at once', () => {
    expect(() => parseFlags(flags, ['--zzz=1', '--dry-run=x'], { STORAGE_TYPE: 'kdb' })).toThrow(
      /zzz[^]*(dry-run|STORAGE_TYPE)[^]*(dry-run|STORAGE_TYPE)/,
    )
  })

  test('credentials in an address never stand in an error', () => {
    const url = { url: flag.url('http://localhost/', 'URL') }
    expect(() => parseFlags(url, ['--url=ftp://user:hunter2@host/'], {})).toThrow('--url="ftp://***@host/": expected an absolute URL')
  })

  test('a secret never stands in an error', () => {
    const secret = {
      token: {
        ...flag.secret('Token'),
        parse: () => {
          throw new Error('expected another')
        },
      },
    }
    expect(() => parseFlags(secret, ['--token=hunter2'], {})).toThrow('--token=***: expected another')
  })
})

test('help shows type, default and no effect', () => {
  expect(
    flagHelp([
      { title: 'General', flags },
      { title: 'Empty', flags: {} },
    ]),
  ).toMatchInlineSnapshot(`
    "General:
      --loki.client.timeout duration  (default 10s)
          Limit of one push
      --storage-type string  (default loki)
          Storage (one of loki, prometheus)
      --dry-run  (default false)
          Print only
      --kafka.consumer.brokers list  (default 127.0.0.1:9092)
          Brokers
      --es.password string
          Password
      --batch-wait duration  (default 1s)
          Age of a batch
      --bulk-size bytes  (default 5000000)
          Bytes
      --max-doc-count int  (default 1)
          No effect: nothing reads
      --http.port address  (default :15692)
          Address"
  `)
})
