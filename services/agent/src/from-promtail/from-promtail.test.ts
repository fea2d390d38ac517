import { describe, expect, test } from 'vitest'

import { fromPromtail } from './from-promtail.ts'

const convert = (text: string, expandFrom?: NodeJS.ProcessEnv) =>
  fromPromtail({ config: { path: 'p.yml', text }, ...(expandFrom === undefined ? {} : { expandFrom }) })

/** Flags of one client, without those that are always there. */
function ofClient(...lines: readonly string[]) {
  const { flags, notes } = convert(
    ['clients:', '  - url: http://loki:3100/loki/api/v1/push', ...lines.map((line) => `    ${line}`)].join('\n'),
  )
  expect(flags.slice(0, 4)).toEqual([
    ['config.file', 'p.yml'],
    ['buffer.dir', '/var/log/clymene-buffer'],
    ['storage-type', 'loki'],
    ['loki.client.url', 'http://loki:3100/loki/api/v1/push'],
  ])
  return { flags: flags.slice(4), notes }
}

describe('a key of a client that has flags', () => {
  test.each<[lines: readonly string[], flags: readonly (readonly [string, string])[]]>([
    [[], []],
    [['tenant_id: team'], [['clymene-promtail.tenant-id', 'team']]],
    [['timeout: 5s'], [['loki.client.timeout', '5s']]],
    [
      ['batchwait: 2s', 'batchsize: 2097152'],
      [
        ['clymene-promtail.batch-wait', '2s'],
        ['clymene-promtail.batch-size-bytes', '2097152'],
      ],
    ],
    [
      ['backoff_config: {min_period: 100ms, max_period: 1m}'],
      [
        ['clymene-promtail.min-backoff', '100ms'],
        ['clymene-promtail.max-backoff', '1m'],
      ],
    ],
    [['external_labels: {cluster: c, env: "1.10"}'], [['clymene-promtail.external-labels', 'cluster=c,env=1.10']]],
    [['external_labels: {__proto__: c}'], [['clymene-promtail.external-labels', '__proto__=c']]],
    [
      ['basic_auth: {username: u, password_file: /p}'],
      [
        ['loki.client.username', 'u'],
        ['loki.client.password-file', '/p'],
      ],
    ],
    [['headers: {x-scope-orgid: team}'], [['loki.client.tenant-id', 'team']]],
    [['bearer_token_file: /t'], [['loki.client.token-file', '/t']]],
    [['authorization: {type: bearer, credentials_file: /t}'], [['loki.client.token-file', '/t']]],
    [
      ['tls_config: {ca_file: /ca, cert_file: /c, key_file: /k, server_name: s, insecure_skip_verify: true}'],
      [
        ['loki.client.tls.ca', '/ca'],
        ['loki.client.tls.cert', '/c'],
        ['loki.client.tls.key', '/k'],
        ['loki.client.tls.server-name', 's'],
        ['loki.client.tls.skip-host-verify', 'true'],
      ],
    ],
    [['tls_config: {insecure_skip_verify: false}'], []],
  ])('%j', (lines, flags) => {
    expect(ofClient(...lines)).toEqual({ flags, notes: [] })
  })
})

describe('a key of a client that has none is told', () => {
  test.each<[line: string, note: string | RegExp]>([
    ['name: n', /^p\.yml:3: clients\[0\]\.name: has no flag: /],
    ['oauth2: {client_id: i}', /^p\.yml:3: clients\[0\]\.oauth2: has no flag: --loki\.client\.token-file /],
    [
      'proxy_url: http://p',
      /^p\.yml:3: clients\[0\]\.proxy_url: no storage is reached through a proxy: a gateway is, by gRPC and .* https_proxy/,
    ],
    ['drop_rate_limited_batches: true', /^p\.yml:3: clients\[0\]\.drop_rate_limited_batches: has no flag: /],
    ['backoff_config: {max_retries: 3}', /^p\.yml:3: clients\[0\]\.backoff_config\.max_retries: has no flag: /],
    ['tls_config: {min_version: TLS13}', /^p\.yml:3: clients\[0\]\.tls_config\.min_version: has no flag: /],
    ['external_labels: {list: "a,b"}', /^p\.yml:3: clients\[0\]\.external_labels: list: a flag cannot say its value/],
    ['external_labels: {blank: " a"}', /^p\.yml:3: clients\[0\]\.external_labels: blank: a flag cannot say its value/],
    ['batchwait: soon', 'p.yml:3: clients[0].batchwait: found "soon", expected a duration such as 500ms, 10s or 1m30s'],
    ['batchsize: many', 'p.yml:3: clients[0].batchsize: found "many", expected a size such as 65536, 512KiB or 64MiB'],
    ['batch_wait: 1s', 'p.yml:3: clients[0].batch_wait: unknown key, did you mean batchwait?'],
  ])('%s', (line, note) => {
    expect(ofClient(line)).toEqual({ flags: [], notes: [typeof note === 'string' ? note : expect.stringMatching(note)] })
  })
})

describe('a secret is not repeated, but told where to', () => {
  test.each<[lines: readonly string[], note: string]>([
    [
      ['basic_auth: {password: SECRET}'],
      'p.yml:3: clients[0].basic_auth.password: put it in a file that only the agent may read, and name it by --loki.client.password-file',
    ],
    [
      ['bearer_token: SECRET'],
      'p.yml:3: clients[0].bearer_token: put it in a file that only the agent may read, and name it by --loki.client.token-file',
    ],
    [
      ['authorization: {credentials: SECRET}'],
      'p.yml:3: clients[0].authorization.credentials: put it in a file that only the agent may read, and name it by --loki.client.token-file',
    ],
    [
      ['authorization: {type: ApiKey, credentials: SECRET}'],
      'p.yml:3: clients[0].authorization.type: put "authorization: ApiKey …" with the credentials in a file that only the agent may read, and name it by --loki.client.headers-file',
    ],
    [
      ['tls_config: {key: SECRET}'],
      'p.yml:3: clients[0].tls_config.key: put it in a file that only the agent may read, and name it by --loki.client.tls.key',
    ],
    [
      ['headers: {X-Token: SECRET, X-Other: SECRET}'],
      'p.yml:3: clients[0].headers: put X-Token, X-Other with their values, a line each as "name: value", in a file that only the agent may read, and name it by --loki.client.headers-file',
    ],
  ])('%j', (lines, note) => {
    expect(ofClient(...lines)).toEqual({ flags: [], notes: [note] })
  })

  test('in a URL', () => {
    const { flags, notes } = convert('clients: [{url: "https://u%40x:SECRET@loki/push?token=SECRET2&a=b"}]')
    expect(flags).toContainEqual(['loki.client.username', 'u@x'])
    expect(notes).toEqual([
      'p.yml:1: clients[0].url: put the password in it in a file that only the agent may read, and name it by --loki.client.password-file',
      'p.yml:1: clients[0].url: a secret in it is left out below',
    ])
    expect(JSON.stringify([flags, notes])).not.toContain('SECRET')
  })
})

describe('the rest of the file', () => {
  test('nothing of it', () => {
    expect(convert('')).toEqual({
      flags: [
        ['config.file', 'p.yml'],
        ['buffer.dir', '/var/log/clymene-buffer'],
      ],
      notes: ['p.yml: has no client: STORAGE_TYPE and the flags of a storage say where lines go, a gateway by default'],
    })
  })

  test.each([
    ['server: {http_listen_port: 9080}', ':9080'],
    ['server: {http_listen_address: 127.0.0.1, http_listen_port: 9080}', '127.0.0.1:9080'],
    ['server: {http_listen_address: "::1", http_listen_port: 9080}', '[::1]:9080'],
  ])('%s', (text, address) => {
    expect(convert(text).flags).toContainEqual(['admin.http.host-ports', address])
  })

  test('the level of its log', () => {
    expect(convert('server: {log_level: debug}').flags).toContainEqual(['log-level', 'debug'])
  })

  test('the buffer is beside the positions, which may be written', () => {
    expect(convert('positions: {filename: /run/promtail/positions.yaml}').flags).toContainEqual([
      'buffer.dir',
      '/run/promtail/clymene-buffer',
    ])
  })

  test('client alone', () => {
    expect(convert('client: {url: "http://loki/push", tenant_id: t}').flags).toEqual([
      ['config.file', 'p.yml'],
      ['buffer.dir', '/var/log/clymene-buffer'],
      ['storage-type', 'loki'],
      ['loki.client.url', 'http://loki/push'],
      ['clymene-promtail.tenant-id', 't'],
    ])
  })

  test('a second client is told', () => {
    const { flags, notes } = convert('clients:\n  - url: http://a/push\n  - url: http://b/push')
    expect(flags).toContainEqual(['loki.client.url', 'http://a/push'])
    expect(notes).toEqual([expect.stringMatching(/^p\.yml:3: clients\[1\]: an agent sends to one Loki/)])
  })

  test('variables are put in only where it is asked for', () => {
    const text = 'clients: [{url: "http://${HOST:-loki}/push", tenant_id: "${NONE}"}]'
    expect(convert(text, {})).toEqual({
      flags: [
        ['config.file', 'p.yml'],
        ['config.expand-env', 'true'],
        ['buffer.dir', '/var/log/clymene-buffer'],
        ['storage-type', 'loki'],
        ['loki.client.url', 'http://loki/push'],
      ],
      notes: ['p.yml:1: the environment has no NONE: it is empty'],
    })
    expect(convert('clients: [{tenant_id: "${T}"}]').notes).toEqual(['p.yml: variables in it are put in by --config.expand-env, here too'])
  })

  test('variables of jobs are told where they stay as they are', () => {
    const text = 'client: {url: http://l/p}\nscrape_configs: [{job_name: a, static_configs: [{labels: {host: "${HOSTNAME}", b: $1}}]}]'
    expect(convert(text).notes).toEqual([
      'p.yml:2: scrape_configs[0].static_configs[0].labels.host: ${HOSTNAME} stays as it is: --config.expand-env puts variables in',
    ])
    expect(convert(text, { HOSTNAME: 'h' }).notes).toEqual([])
  })

  test('no YAML', () => {
    expect(() => convert('- a')).toThrow('p.yml:1: expected a map at the top level')
  })
})
