import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'

import { parseFlags } from '@clymene/runtime'
import { issue, type Issued } from '@clymene/runtime/testing'
import { compress, encodeBatchJson, encodeWriteRequest, wrapBatch } from '@clymene/wire'
import { credentials } from '@grpc/grpc-js'
import { afterAll, afterEach, describe, expect, test } from 'vitest'

import { gatewayAuthFlags, gatewayLimitFlags, gatewayServerFlags } from './flags.ts'
import { checkCredentials } from './gateway.ts'
import { caller, LOGS_CALL, METRICS_CALL, metricOf, start, stopGateways } from './start.test-kit.ts'

const series = encodeWriteRequest([{ labels: [['__name__', 'up']], samples: [{ timestampMs: 1000, value: 1 }] }])
const block = compress(series)
const numbered = { 'clymene-agent': 'node-1', 'clymene-epoch': '7', 'clymene-sequence': '1', 'clymene-stream': 's' }

const root = mkdtempSync(join(tmpdir(), 'clymene-credentials-'))
let folders = 0
const makeFolder = (): string => {
  const folder = join(root, String(folders++))
  mkdirSync(folder)
  return folder
}
afterEach(stopGateways)
afterAll(() => rmSync(root, { recursive: true, force: true }))

const WAIT = { timeout: 20_000, interval: 50 }

describe('tokens', () => {
  const TOKEN = 'the-token-of-cluster-one'
  const OTHER = 'a-token-for-any-cluster'
  const writeTokens = (text: string, folder = makeFolder()): string => {
    const path = join(folder, 'tokens.yml')
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }
  const tokens = () => writeTokens(`tokens:\n  - {token: ${TOKEN}, cluster: c1, tenant: t1}\n  - {token: ${OTHER}, name: any}\n`)
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  const basic = (token: string) => ({ authorization: `Basic ${Buffer.from(`fluent:${token}`).toString('base64')}` })

  const cases: { name: string; headers: Record<string, string>; status: number; code: number | undefined }[] = [
    { name: 'none', headers: {}, status: 401, code: 16 },
    { name: 'a wrong one', headers: bearer('the-token-of-cluster-two'), status: 401, code: 16 },
    { name: 'the beginning of one', headers: bearer(TOKEN.slice(0, -1)), status: 401, code: 16 },
    { name: 'as password, a wrong one', headers: basic('the-token-of-cluster-two'), status: 401, code: 16 },
    { name: 'a right one', headers: bearer(TOKEN), status: 204, code: undefined },
    { name: 'a right one as password', headers: basic(TOKEN), status: 204, code: undefined },
    { name: 'the other right one', headers: { ...bearer(OTHER), 'clymene-cluster': 'c2' }, status: 204, code: undefined },
    { name: 'a right one for another cluster', headers: { ...bearer(TOKEN), 'clymene-cluster': 'c2' }, status: 403, code: 7 },
    { name: 'a right one for another tenant', headers: { ...bearer(TOKEN), 'clymene-tenant': 't2' }, status: 403, code: 7 },
  ]
  test.each(cases)('$name', async ({ headers, status, code }) => {
    const { post, call, written, metrics, lines } = await start({ argv: [`--auth.tokens-file=${tokens()}`] })
    const response = await post('/api/v1/write', block, headers)
    const text = await response.text()
    expect({ status: response.status, challenge: response.headers.get('www-authenticate') }).toEqual({
      status,
      challenge: status === 401 ? 'Bearer' : null,
    })
    const failure = await call(METRICS_CALL, series, headers)
    expect(failure?.code).toBe(code)
    // Whether a token exists is nobody's business; which cluster it is for its holder knows.
    if (status === 401)
      expect([text.trim(), failure?.details]).toEqual(Array(2).fill(expect.stringContaining('expected a token that this gateway accepts')))
    if (status === 403) expect(text).toMatch(/the token "c1" is for (cluster|tenant)/)
    expect(written).toHaveLength(status === 204 ? 2 : 0)
    const counted = (protocol: string, as: number) =>
      metricOf(metrics, `clymene_gateway_requests_total{protocol="${protocol}",kind="metrics",status="${as}"}`)
    expect([await counted('http', status), await counted('grpc', status === 204 ? 200 : status)]).toEqual([1, 1])
    expect(JSON.stringify(lines)).not.toMatch(/the-token-of|a-token-for|Zmx1ZW50/)
  })

  test('a token fills in cluster and tenant, and keys a sender that does not number', async () => {
    const { post, call, written } = await start({ argv: [`--auth.tokens-file=${tokens()}`] })
    await post('/api/v1/write', block, { ...bearer(TOKEN), ...numbered })
    await post('/api/v1/write', block, bearer(OTHER))
    await call(METRICS_CALL, series, bearer(TOKEN))
    expect(written.map(({ key }) => key)).toEqual(['t1/c1/node-1/s', '///any', 't1/c1//c1'])
  })

  test("the tenant inside of the original's logs counts too", async () => {
    const { post, call } = await start({ argv: [`--auth.tokens-file=${tokens()}`] })
    const json = (tenant: string) => encodeBatchJson([{ labels: [['a', 'b']], entries: [{ timestampNs: 5n, line: 'x' }] }], tenant)
    expect((await post('/api/logs', json('t1'), bearer(TOKEN))).status).toBe(204)
    expect((await post('/api/logs', json('t2'), bearer(TOKEN))).status).toBe(403)
    expect((await call(LOGS_CALL, wrapBatch(json('t2')), bearer(TOKEN)))?.code).toBe(7)
  })

  test('every path and method asks for one', async () => {
    const { gateway } = await start({ argv: [`--auth.tokens-file=${tokens()}`] })
    const get = async (path: string, headers = {}) =>
      (await fetch(`http://127.0.0.1:${gateway.httpAddress.port}${path}`, { headers })).status
    expect([await get('/api/metrics'), await get('/'), await get('/api/metrics', bearer(TOKEN)), await get('/', bearer(TOKEN))]).toEqual([
      401, 401, 405, 404,
    ])
  })

  test('who asks by gRPC whether it would be taken is told', async () => {
    const { call, metrics } = await start({ argv: [`--auth.tokens-file=${tokens()}`] })
    const ask = async (headers: Record<string, string>) => (await call('/clymene.Presence/Ask', Buffer.alloc(0), headers))?.code
    expect([await ask({}), await ask(bearer(TOKEN))]).toEqual([16, undefined])
    expect(await metrics.registry.metrics()).not.toMatch(/^clymene_gateway_requests_total\{/m)
  })

  test('the answer comes before the body, and nothing is reserved for it', async () => {
    const { gateway, metrics } = await start({ argv: [`--auth.tokens-file=${tokens()}`] })
    const socket = connectPlain(gateway.httpAddress.port, '127.0.0.1')
    let answer = ''
    socket.on('data', (bytes) => (answer += bytes.toString()))
    socket.write('POST /api/v1/write HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: 1000000\r\n\r\n')
    await expect.poll(() => answer, WAIT).toMatch(/^HTTP\/1\.1 401 /)
    expect(await metricOf(metrics, 'clymene_gateway_bytes_in_flight')).toBe(0)
    socket.destroy()
  })

  test('who is refused is told in the log once, by address', async () => {
    const { post, call, lines } = await start({ argv: [`--auth.tokens-file=${tokens()}`] })
    for (let count = 0; count < 5; count++) {
      await post('/api/v1/write', block, bearer('wrong-wrong-wrong-wrong'))
      await call(METRICS_CALL, series)
    }
    expect(lines.filter(({ message }) => message === 'sender refused')).toEqual([
      {
        level: 'warn',
        message: 'sender refused',
        fields: { protocol: 'http', peer: '127.0.0.1', status: 401, error: 'a token that is not in --auth.tokens-file', repeated: 0 },
      },
      {
        level: 'warn',
        message: 'sender refused',
        fields: { protocol: 'grpc', peer: expect.stringContaining('1'), status: 401, error: 'no token', repeated: 0 },
      },
    ])
  })

  test('a changed file is taken, one with a mistake is not, and what was taken away is refused', async () => {
    const path = tokens()
    const { post, lines } = await start({ argv: [`--auth.tokens-file=${path}`] })
    const statusOf = async (token: string) => (await post('/api/v1/write', block, bearer(token))).status
    const NEW = 'quite-another-token'
    writeFileSync(path, `tokens:\n  - {token: ${NEW}}\n  - {token: short}\n`)
    await expect
      .poll(() => lines.find(({ level }) => level === 'error'), WAIT)
      .toMatchObject({
        message: 'changed tokens cannot be used, the former goes on',
        fields: { error: `${path}:3: tokens[1].token: expected 16 to 4096 characters of ASCII without blanks` },
      })
    expect([await statusOf(TOKEN), await statusOf(NEW)]).toEqual([204, 401])
    writeFileSync(path, `tokens:\n  - {token: ${NEW}}\n`)
    await expect.poll(() => statusOf(NEW), WAIT).toBe(204)
    expect(await statusOf(TOKEN)).toBe(401)
  })

  test('a sender inside of the process has a token of its own', async () => {
    const { post, written } = await start({ argv: [`--auth.tokens-file=${tokens()}`], ownToken: 'made-by-the-process' })
    expect((await post('/api/v1/write', block, { ...basic('made-by-the-process'), ...numbered, 'clymene-cluster': 'c5' })).status).toBe(204)
    expect(written[0]?.key).toBe('/c5/node-1/s')
  })

  test('a file that others may read is told of, unless it has hashes only', async () => {
    const warned = async (text: string) => {
      const path = writeTokens(text)
      chmodSync(path, 0o644)
      const { lines } = await start({ argv: [`--auth.tokens-file=${path}`] })
      return lines.some(({ message }) => message.startsWith('everybody on this machine may read the tokens'))
    }
    expect(await warned(`tokens: [{token: ${TOKEN}}]`)).toBe(true)
    expect(await warned(`tokens: [{sha256: ${'a'.repeat(64)}}]`)).toBe(false)
  })

  test('a file that cannot be used is no start', async () => {
    await expect(start({ argv: ['--auth.tokens-file=/none.yml'] })).rejects.toThrow(
      /^--auth\.tokens-file="\/none\.yml": cannot read \/none\.yml/,
    )
    const path = writeTokens('tokens: []')
    await expect(start({ argv: [`--auth.tokens-file=${path}`] })).rejects.toThrow(
      `${path}:1: tokens: expected at least one, nobody could write`,
    )
  })
})

const ca = issue('the authority')
const otherCa = issue('another authority')
const DAY = 86_400_000
const server = (name = 'gateway', until = new Date(Date.now() + DAY), from = new Date(Date.now() - 10 * DAY)) =>
  issue(name, { by: ca, dnsNames: ['localhost'], addresses: ['127.0.0.1'], from, until })

/** Files as Kubernetes mounts a Secret: through a link that is switched. */
function mountSecret(files: Readonly<Record<string, string>>) {
  const folder = makeFolder()
  let version = 0
  const put = (contents: Readonly<Record<string, string>>): void => {
    const name = `..version_${version++}`
    mkdirSync(join(folder, name))
    for (const [file, text] of Object.entries(contents)) writeFileSync(join(folder, name, file), text)
    symlinkSync(name, join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  }
  put(files)
  return { put, path: (file: string) => join(folder, '..data', file) }
}

const tlsFlags = (path: (file: string) => string, names: readonly string[]) =>
  ['http', 'grpc'].flatMap((protocol) => [
    `--gateway.${protocol}-server.tls.enabled`,
    ...names.map((name) => `--gateway.${protocol}-server.tls.${name}=${path(`${name}.pem`)}`),
  ])

const secretOf = (own: Issued, clientCa?: Issued) => ({
  'cert.pem': own.cert,
  'key.pem': own.key,
  ...(clientCa === undefined ? {} : { 'client-ca.pem': clientCa.cert }),
})

/** Whose certificate a server shows to a new connection. */
const shownBy = (port: number, options: ConnectionOptions = {}): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: 'localhost', ca: ca.cert, ALPNProtocols: ['h2', 'http/1.1'], ...options }, () => {
      resolve(socket.getPeerX509Certificate()?.subject ?? '')
      socket.destroy()
    }).on('error', reject)
  })

type Answered = { readonly status: number; readonly text: string }

/** A write by HTTPS over a connection of its own. */
const write = (port: number, client?: Issued): Promise<Answered> =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf' }
    const access = client === undefined ? {} : { cert: client.cert, key: client.key }
    const sending = httpsRequest(
      { port, host: 'localhost', path: '/api/v1/write', method: 'POST', headers, ca: ca.cert, agent: false, ...access },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      },
    )
    sending.on('error', reject).end(block)
  })

/** A write over a connection that may take up a session of before, with the session that it was given. */
const writeBy = (port: number, options: ConnectionOptions): Promise<{ text: string; session: Buffer | undefined; isResumed: boolean }> =>
  new Promise((resolve, reject) => {
    let text = ''
    let session: Buffer | undefined
    let isResumed = false
    const socket = connectTls({ port, host: 'localhost', ca: ca.cert, ...options }, () => {
      isResumed = socket.isSessionReused()
      socket.write(`POST /api/v1/write HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${block.length}\r\n\r\n`)
      socket.write(block)
    })
    socket.on('session', (ticket) => (session = ticket))
    socket.on('data', (bytes) => (text += bytes.toString()))
    socket.on('error', reject)
    socket.on('close', () => resolve({ text, session, isResumed }))
  })

const grpcAccess = (client?: Issued) =>
  credentials.createSsl(
    Buffer.from(ca.cert),
    client === undefined ? null : Buffer.from(client.key),
    client === undefined ? null : Buffer.from(client.cert),
  )

describe('TLS', () => {
  test('certificates are taken through the switch of a link, a pair that does not match is not; open connections go on', async () => {
    const [first, second, third] = [server('first'), server('second'), server('third')]
    const secret = mountSecret(secretOf(first))
    const { gateway, lines, metrics, call } = await start({ argv: tlsFlags(secret.path, ['cert', 'key']), grpcCredentials: grpcAccess() })
    const [http, grpc] = [gateway.httpAddress.port, gateway.grpcAddress.port]
    const shown = async () => [await shownBy(http), await shownBy(grpc)]
    expect(await shown()).toEqual(['CN=first', 'CN=first'])
    expect(await call(METRICS_CALL, series)).toBeUndefined()
    expect((await write(http)).status).toBe(204)

    secret.put(secretOf(second))
    await expect.poll(shown, WAIT).toEqual(['CN=second', 'CN=second'])

    secret.put({ ...secretOf(third), 'key.pem': second.key })
    await expect.poll(() => lines.filter(({ level }) => level === 'error').length, WAIT).toBe(2)
    expect(lines.find(({ level }) => level === 'error')?.fields['error']).toMatch(
      /tls\.key: expected the key of --gateway\.http-server\.tls\.cert \(ERR_OSSL_X509_KEY_VALUES_MISMATCH\)/,
    )
    expect(await shown()).toEqual(['CN=second', 'CN=second'])
    expect(await metricOf(metrics, 'clymene_gateway_credential_stale{what="grpc certificate"}')).toBe(1)

    secret.put(secretOf(third))
    await expect.poll(shown, WAIT).toEqual(['CN=third', 'CN=third'])
    expect(await metricOf(metrics, 'clymene_gateway_credential_reloads_total{what="http certificate",outcome="taken"}')).toBe(2)
    expect(await metricOf(metrics, 'clymene_gateway_tls_certificate_expiry_timestamp_seconds{server="http"}')).toBeGreaterThan(
      Date.now() / 1000,
    )
    // The call goes over the connection of the first certificate.
    expect(await call(METRICS_CALL, series)).toBeUndefined()
    expect(JSON.stringify(lines)).not.toContain('PRIVATE KEY')
  })

  test('a certificate that has expired is served and told of', async () => {
    const expired = server('late', new Date(Date.now() - DAY))
    const secret = mountSecret(secretOf(expired))
    const { gateway, lines, metrics } = await start({ argv: tlsFlags(secret.path, ['cert', 'key']) })
    await expect(write(gateway.httpAddress.port)).rejects.toThrow('certificate has expired')
    expect(lines.filter(({ message }) => message.startsWith('the certificate of this server has expired'))).toHaveLength(2)
    expect(await metricOf(metrics, 'clymene_gateway_tls_certificate_expiry_timestamp_seconds{server="grpc"}')).toBeLessThan(
      Date.now() / 1000,
    )
  })

  const trying: { name: string; reason: string; text: RegExp; act: (port: number) => Promise<unknown> }[] = [
    {
      name: 'a client that does not speak TLS',
      reason: 'no_tls',
      text: /does not speak TLS/,
      act: (port) => fetch(`http://localhost:${port}/`).catch(() => undefined),
    },
    {
      name: 'a client of TLS 1.1',
      reason: 'old_tls',
      text: /no TLS of 1\.2/,
      act: (port) => shownBy(port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }).catch(() => undefined),
    },
    {
      name: 'a client that trusts another authority',
      reason: 'left_by_client',
      text: /may not trust/,
      act: (port) => shownBy(port, { ca: otherCa.cert }).catch(() => undefined),
    },
    {
      name: 'the same by TLS 1.2',
      reason: 'left_by_client',
      text: /may not trust/,
      act: (port) => shownBy(port, { ca: otherCa.cert, maxVersion: 'TLSv1.2' }).catch(() => undefined),
    },
    {
      name: 'a client that expects another name',
      reason: 'left_by_client',
      text: /may not trust/,
      act: (port) => shownBy(port, { servername: 'else' }).catch(() => undefined),
    },
  ]
  test.each(trying)('$name is told of, on both ports', async ({ reason, text, act }) => {
    const secret = mountSecret(secretOf(server()))
    const { gateway, lines, metrics } = await start({ argv: tlsFlags(secret.path, ['cert', 'key']) })
    for (const [protocol, { port }] of [
      ['http', gateway.httpAddress],
      ['grpc', gateway.grpcAddress],
    ] as const) {
      await act(port)
      await act(port)
      const told = () => lines.filter(({ message, fields }) => message === 'connection refused' && fields['server'] === protocol)
      await expect.poll(told, WAIT).toEqual([
        {
          level: 'warn',
          message: 'connection refused',
          fields: {
            server: protocol,
            peer: expect.stringMatching(/^(::1|127\.0\.0\.1|::ffff:127\.0\.0\.1) \d+$/),
            reason,
            error: expect.stringMatching(text),
            repeated: 0,
          },
        },
      ])
      await expect
        .poll(() => metricOf(metrics, `clymene_gateway_refused_connections_total{server="${protocol}",reason="${reason}"}`), WAIT)
        .toBe(2)
    }
  })

  test('a handshake that never ends does not hold up the stop', async () => {
    const secret = mountSecret(secretOf(server()))
    const argv = [...tlsFlags(secret.path, ['cert', 'key']), '--gateway.drain-timeout=200ms', '--gateway.header-timeout=1m']
    const { gateway, stop } = await start({ argv })
    const sockets = [gateway.httpAddress, gateway.grpcAddress].map(({ port }) =>
      connectPlain(port, '127.0.0.1').on('error', () => undefined),
    )
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
    const begun = Date.now()
    stop()
    await stopGateways()
    expect(Date.now() - begun).toBeLessThan(20_000)
    for (const socket of sockets) socket.destroy()
  })

  test('a look at the port alone is no news', async () => {
    const secret = mountSecret(secretOf(server()))
    const { gateway, lines } = await start({ argv: tlsFlags(secret.path, ['cert', 'key']) })
    for (const { port } of [gateway.httpAddress, gateway.grpcAddress]) {
      await new Promise((resolve) =>
        connectPlain(port, '127.0.0.1', function (this: ReturnType<typeof connectPlain>) {
          this.end()
        })
          .on('error', () => undefined)
          .resume()
          .on('close', resolve),
      )
    }
    expect((await write(gateway.httpAddress.port)).status).toBe(204)
    expect(lines.filter(({ message }) => message === 'connection refused')).toEqual([])
  })
})

describe('client certificates', () => {
  const agent = issue('agent', { by: ca })
  const shown: { name: string; client: Issued | undefined; reason: string; text: RegExp }[] = [
    { name: 'none', client: undefined, reason: 'no_certificate', text: /none was shown/ },
    {
      name: 'of another authority',
      client: issue('agent', { by: otherCa }),
      reason: 'unknown_authority',
      text: /that of CN=agent is of another authority/,
    },
    { name: 'signed by itself', client: issue('agent'), reason: 'unknown_authority', text: /that of CN=agent is signed by itself/ },
    {
      name: 'expired',
      client: issue('agent', { by: ca, from: new Date(Date.now() - 2 * DAY), until: new Date(Date.now() - DAY) }),
      reason: 'expired_certificate',
      text: /that of CN=agent has expired/,
    },
    {
      name: 'of tomorrow',
      client: issue('agent', { by: ca, from: new Date(Date.now() + DAY), until: new Date(Date.now() + 2 * DAY) }),
      reason: 'future_certificate',
      text: /that of CN=agent is not valid yet/,
    },
  ]
  test.each(shown)('$name is refused, and both sides are told why', async ({ client, reason, text }) => {
    const secret = mountSecret(secretOf(server(), ca))
    const { gateway, written, lines, metrics, call } = await start({
      argv: tlsFlags(secret.path, ['cert', 'key', 'client-ca']),
      grpcCredentials: grpcAccess(client),
    })
    expect(await write(gateway.httpAddress.port, client)).toMatchObject({ status: 503, text: expect.stringMatching(text) })
    expect(await call(METRICS_CALL, series)).toMatchObject({ code: 16, details: expect.stringMatching(text) })
    expect(written).toEqual([])
    for (const protocol of ['http', 'grpc']) {
      const told = lines.filter(({ message, fields }) => message === 'connection refused' && fields['server'] === protocol)
      expect(told).toMatchObject([{ level: 'warn', fields: { reason, error: expect.stringMatching(text) } }])
      expect(await metricOf(metrics, `clymene_gateway_refused_connections_total{server="${protocol}",reason="${reason}"}`)).toBe(1)
    }
  })

  test('a good one is taken, and its subject shown to who looks closely', async () => {
    const secret = mountSecret(secretOf(server(), ca))
    const { gateway, written, lines, call } = await start({
      argv: tlsFlags(secret.path, ['cert', 'key', 'client-ca']),
      grpcCredentials: grpcAccess(agent),
    })
    expect(await write(gateway.httpAddress.port, agent)).toEqual({ status: 204, text: '' })
    expect(await call(METRICS_CALL, series)).toBeUndefined()
    expect(written).toHaveLength(2)
    expect(lines.filter(({ level }) => level === 'debug').map(({ fields }) => fields['subject'])).toEqual(['CN=agent', 'CN=agent'])
    expect(lines.filter(({ level }) => level === 'warn')).toEqual([])
  })

  test('a gRPC connection that is refused is closed, so that a new certificate is shown on the next', async () => {
    const secret = mountSecret(secretOf(server(), otherCa))
    const { gateway } = await start({ argv: tlsFlags(secret.path, ['cert', 'key', 'client-ca']) })
    const { call, close } = caller(gateway.grpcAddress.port, grpcAccess(agent))
    expect(await call(METRICS_CALL, series)).toMatchObject({ code: 16 })
    // Its authority is trusted from now on: by new connections.
    secret.put(secretOf(server(), ca))
    await expect.poll(() => call(METRICS_CALL, series), WAIT).toBeUndefined()
    close()
    secret.put(secretOf(server(), otherCa))
    await expect.poll(async () => (await write(gateway.httpAddress.port, agent)).status, WAIT).toBe(503)
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('a session of %s that began without a good one cannot be taken up again', async (version) => {
    const secret = mountSecret(secretOf(server(), ca))
    const { gateway } = await start({ argv: tlsFlags(secret.path, ['cert', 'key', 'client-ca']) })
    const { port } = gateway.httpAddress
    const first = await writeBy(port, { minVersion: version, maxVersion: version })
    expect(first.text).toMatch(/^HTTP\/1\.1 503 /)
    const again = await writeBy(port, {
      minVersion: version,
      maxVersion: version,
      ...(first.session === undefined ? {} : { session: first.session }),
    })
    expect({ isResumed: again.isResumed, text: again.text }).toEqual({ isResumed: false, text: expect.stringMatching(/^HTTP\/1\.1 503 /) })
  })

  test('authorities that are none are no start', async () => {
    const secret = mountSecret({ ...secretOf(server()), 'client-ca.pem': 'no PEM' })
    await expect(start({ argv: tlsFlags(secret.path, ['cert', 'key', 'client-ca']) })).rejects.toThrow(
      /--gateway\.http-server\.tls\.client-ca=".*": expected PEM certificates \(found none\)/,
    )
  })
})

describe('what is said at the start', () => {
  const secret = mountSecret(secretOf(server(), ca))
  const tokensFile = join(makeFolder(), 'tokens.yml')
  writeFileSync(tokensFile, `tokens: [{sha256: ${'a'.repeat(64)}}]`)
  const starts: { name: string; argv: readonly string[]; said: readonly unknown[] }[] = [
    {
      name: 'nothing given',
      argv: [],
      said: [
        'everybody who reaches http 127.0.0.1:0 or grpc 127.0.0.1:0 may write, under the name of any cluster: give --auth.tokens-file, or --gateway.*-server.tls.client-ca',
      ],
    },
    {
      name: 'TLS',
      argv: tlsFlags(secret.path, ['cert', 'key']),
      said: [expect.stringMatching(/^everybody who reaches http 127\.0\.0\.1:0 or grpc 127\.0\.0\.1:0 may write/)],
    },
    {
      name: 'client certificates on one port',
      argv: tlsFlags(secret.path, ['cert', 'key', 'client-ca']).filter((flag) => flag.includes('http')),
      said: [expect.stringMatching(/^everybody who reaches grpc 127\.0\.0\.1:0 may write/)],
    },
    { name: 'client certificates on both', argv: tlsFlags(secret.path, ['cert', 'key', 'client-ca']), said: [] },
    {
      name: 'tokens without TLS',
      argv: [`--auth.tokens-file=${tokensFile}`],
      said: [expect.stringMatching(/^tokens come in clear on http 127\.0\.0\.1:0 and grpc 127\.0\.0\.1:0/)],
    },
    { name: 'tokens and TLS', argv: [`--auth.tokens-file=${tokensFile}`, ...tlsFlags(secret.path, ['cert', 'key'])], said: [] },
  ]
  test.each(starts)('$name', async ({ argv, said }) => {
    const { lines } = await start({ argv })
    expect(lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual(said)
  })
})

describe('certificates without tls.enabled are no start', () => {
  const secret = mountSecret(secretOf(server(), ca))
  const all = tlsFlags(secret.path, ['cert', 'key', 'client-ca'])
  const idle = (protocol: string, names: readonly string[]): readonly string[] =>
    names.map((name) => `--gateway.${protocol}-server.tls.${name}: has no effect without --gateway.${protocol}-server.tls.enabled`)
  const cases: { name: string; argv: readonly string[]; mistakes: readonly string[] }[] = [
    {
      name: 'on one port',
      argv: all.filter((flag) => flag !== '--gateway.grpc-server.tls.enabled'),
      mistakes: idle('grpc', ['cert', 'key', 'client-ca']),
    },
    {
      name: 'on both',
      argv: all.filter((flag) => !flag.endsWith('enabled')),
      mistakes: [...idle('http', ['cert', 'key', 'client-ca']), ...idle('grpc', ['cert', 'key', 'client-ca'])],
    },
    {
      name: 'the authority of clients alone',
      argv: all.filter((flag) => /http.*client-ca/.test(flag)),
      mistakes: idle('http', ['client-ca']),
    },
    { name: 'files that are not there', argv: ['--gateway.grpc-server.tls.key=/none'], mistakes: idle('grpc', ['key']) },
  ]
  test.each(cases)('$name', async ({ argv, mistakes }) => {
    const { values } = parseFlags({ ...gatewayServerFlags, ...gatewayAuthFlags, ...gatewayLimitFlags }, argv, {})
    expect(() => checkCredentials(values)).toThrow(expect.objectContaining({ name: 'ConfigError', mistakes }))
    await expect(start({ argv })).rejects.toThrow(mistakes[0])
  })
})
