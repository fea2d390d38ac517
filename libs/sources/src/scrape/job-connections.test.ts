import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { createServer as createPlainServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createHttpAccess, parseHttpAccess } from '@clymene/runtime'
import { issue } from '@clymene/runtime/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { startExporter } from './exporter.test-kit.ts'
import { createConnections, createJobConnections } from './job-connections.ts'
import type { ScrapeHttp } from './job.ts'
import { pageRequest } from './page-request.test-kit.ts'
import { fetchPage } from './page-request.ts'
import { authority, clientName, otherAuthority, serverCertificate, startTlsExporter } from './tls-exporter.test-kit.ts'

const DAY_MS = 86_400_000
const LONG_AGO = { from: new Date(Date.now() - 20 * DAY_MS), until: new Date(Date.now() - 10 * DAY_MS) }
const LATER = { from: new Date(Date.now() + 10 * DAY_MS), until: new Date(Date.now() + 20 * DAY_MS) }
const NAMES = { dnsNames: ['localhost'], addresses: ['127.0.0.1'] }

const client = issue('client', { by: authority })
const nextClient = issue('next client', { by: authority })

let folder = ''
let ahead = 0
const closing: (() => Promise<unknown>)[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-tls-'))
  // Files are looked at once a second: the clock is what the test moves.
  const real = performance.now.bind(performance)
  ahead = 0
  vi.spyOn(performance, 'now').mockImplementation(() => real() + ahead)
})
afterEach(async () => {
  vi.restoreAllMocks()
  for (const close of closing.splice(0).toReversed()) await close()
  rmSync(folder, { recursive: true })
})

const file = (name: string): string => join(folder, name)
/** Writes a file of the configuration, as it is seen a second later. */
const write = (name: string, text: string): void => {
  writeFileSync(file(name), text)
  ahead += 1000
}

function httpOf(fields: object): ScrapeHttp {
  const { followRedirects, ...options } = parseHttpAccess(new Map(Object.entries(fields)), 'job', { directory: folder })
  return { followRedirects, access: createHttpAccess(options) }
}

/** A job with these fields; `scrape` gives the page's text. */
function start(fields: object) {
  const shared = createConnections()
  const http = httpOf(fields)
  const connections = createJobConnections(shared, http)
  closing.push(
    () => shared.destroy(),
    () => connections.close(),
  )
  const scrape = async (origin: string, used = http): Promise<string> => {
    const { body } = await connections.lend((dispatcher) =>
      fetchPage(pageRequest({ dispatcher, url: { origin, path: '/metrics' }, http: used }), new AbortController().signal),
    )
    // A connection is free for the next request a turn after its answer.
    await new Promise((resolve) => setImmediate(resolve))
    return body.toString()
  }
  return { connections, scrape }
}

async function exporter(...args: Parameters<typeof startTlsExporter>) {
  const started = await startTlsExporter(...args)
  closing.push(started.close)
  return started
}

const ca = { ca: authority.cert }

describe('the certificate of the server', () => {
  test.each<[name: string, fields: object, server: object]>([
    ['of an authority in the configuration', { tls_config: ca }, {}],
    ['of an authority in a file', { tls_config: { ca_file: 'ca.crt' } }, {}],
    ['one of several in a file', { tls_config: { ca: `${otherAuthority.cert}\n# text\n${authority.cert}` } }, {}],
    ['is itself what is trusted', { tls_config: { ca: serverCertificate.cert } }, {}],
    ['of anybody, when nothing is verified', { tls_config: { insecure_skip_verify: true } }, {}],
    [
      'expired, when nothing is verified',
      { tls_config: { insecure_skip_verify: true } },
      issue('s', { by: authority, ...NAMES, ...LONG_AGO }),
    ],
    [
      'has the name asked for',
      { tls_config: { ...ca, server_name: 'other.example' } },
      issue('s', { by: authority, dnsNames: ['other.example'] }),
    ],
    [
      'has the address asked for',
      { tls_config: { ...ca, server_name: '192.0.2.1' } },
      issue('s', { by: authority, addresses: ['192.0.2.1'] }),
    ],
    [
      'of a server that is old',
      { tls_config: { ...ca, min_version: 'TLS10' } },
      { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
    ],
  ])('%s: good', async (_name, fields, server) => {
    write('ca.crt', authority.cert)
    const { origin } = await exporter(undefined, server)
    expect(await start(fields).scrape(origin)).toBe('a 1\n')
  })

  test.each<[name: string, fields: object, server: object, message: string | RegExp]>([
    ['of nobody that Node knows', {}, {}, 'comes from an authority that is not trusted here'],
    ['of another authority', { tls_config: { ca: otherAuthority.cert } }, {}, 'comes from an authority that is not trusted here'],
    ['signed by itself', { tls_config: ca }, otherAuthority, 'is signed by itself and not trusted here'],
    [
      'expired',
      { tls_config: ca },
      issue('s', { by: authority, ...NAMES, ...LONG_AGO }),
      "the server's certificate, or that of its authority, has expired",
    ],
    ['too young', { tls_config: ca }, issue('s', { by: authority, ...NAMES, ...LATER }), "the server's certificate is not valid yet"],
    [
      'of another address',
      { tls_config: ca },
      issue('s', { by: authority, addresses: ['192.0.2.1'] }),
      'has another name: asked for as 127.0.0.1, it has IP Address:192.0.2.1; tls_config.server_name says which name to expect',
    ],
    [
      'without an address, only with a name',
      { tls_config: ca },
      issue('s', { by: authority, dnsNames: ['s.example'] }),
      'has another name: asked for as 127.0.0.1, it has DNS:s.example; tls_config.server_name says which name to expect',
    ],
    ['of another name than asked for', { tls_config: { ...ca, server_name: 'other.example' } }, {}, /has another name: .*other\.example/],
    ['of another address than asked for', { tls_config: { ...ca, server_name: '192.0.2.1' } }, {}, /has another name: .*192\.0\.2\.1/],
    [
      'of a server that is old',
      { tls_config: ca },
      { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
      'protocol version',
    ],
    ['of a server that is not new enough', { tls_config: { ...ca, min_version: 'TLS13' } }, { maxVersion: 'TLSv1.2' }, 'protocol version'],
  ])('%s: refused', async (_name, fields, server, message) => {
    const { origin } = await exporter(undefined, server)
    await expect(start(fields).scrape(origin)).rejects.toThrow(message)
  })
})

describe('the certificate of the client', () => {
  const demanding = { requestCert: true, rejectUnauthorized: true, ca: authority.cert }
  const shown = (cert: { readonly cert: string; readonly key: string }) => ({ tls_config: { ...ca, cert: cert.cert, key: cert.key } })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('is shown, %s', async (maxVersion) => {
    const { origin } = await exporter((request, response) => response.end(clientName(request)), { ...demanding, maxVersion })
    expect(await start(shown(client)).scrape(origin)).toBe('client')
  })

  test('is missing', async () => {
    const { origin } = await exporter(undefined, demanding)
    await expect(start({ tls_config: ca }).scrape(origin)).rejects.toThrow(/other side closed|ECONNRESET|certificate required/)
  })

  test.each<[name: string, cert: { readonly cert: string; readonly key: string }, message: RegExp]>([
    ['of an unknown authority', issue('stranger', { by: otherAuthority }), /CN=stranger, issued by CN=other authority/],
    ['that expired', issue('late', { by: authority, ...LONG_AGO }), /CN=late.* expired on/],
  ])('%s is told when the server hangs up', async (_name, cert, message) => {
    const { origin } = await exporter(undefined, demanding)
    await expect(start(shown(cert)).scrape(origin)).rejects.toThrow(message)
  })
})

describe('files', () => {
  test.each<[name: string, tls: object, make: () => void, message: string]>([
    ['a CA that is not there', { ca_file: 'a' }, () => undefined, 'cannot read FOLDER/a: no such file'],
    ['a CA that is none', { ca_file: 'a' }, () => write('a', 'x'), 'cannot use FOLDER/a: expected a certificate as PEM'],
    [
      'a key that is none',
      { cert_file: 'c', key_file: 'a' },
      () => write('a', 'x'),
      'cannot use FOLDER/a: expected a private key as PEM, without a passphrase',
    ],
    [
      'the key of another',
      { cert_file: 'c', key_file: 'a' },
      () => write('a', authority.key),
      'the key FOLDER/a does not belong to the certificate FOLDER/c',
    ],
  ])('%s is named', async (_name, tls, make, message) => {
    write('c', client.cert)
    make()
    const { origin, connections } = await exporter()
    await expect(start({ tls_config: tls }).scrape(origin)).rejects.toThrow(message.replaceAll('FOLDER', folder))
    expect(connections.opened).toBe(0)
  })

  test('a token that is not there is named, and nothing is asked', async () => {
    let requests = 0
    const { address, close } = await startExporter((_, response) => void response.end(String(++requests)))
    closing.push(close)
    const { scrape } = start({ bearer_token_file: 'token' })
    await expect(scrape(`http://${address}`)).rejects.toThrow(`cannot read ${folder}/token: no such file`)
    expect(requests).toBe(0)
    write('token', 't')
    expect(await scrape(`http://${address}`)).toBe('1')
  })
})

describe('while it runs', () => {
  test('a token is replaced', async () => {
    const { address, close } = await startExporter((request, response) => void response.end(request.headers.authorization))
    closing.push(close)
    write('token', 'one')
    const { scrape } = start({ authorization: { credentials_file: 'token' } })
    expect(await scrape(`http://${address}`)).toBe('Bearer one')
    write('token', 'two')
    expect(await scrape(`http://${address}`)).toBe('Bearer two')
  })

  test('the authority is replaced: whoever the new one does not know is not asked again, on a kept connection neither', async () => {
    const { origin, connections, show } = await exporter()
    write('ca', authority.cert)
    const { scrape } = start({ tls_config: { ca_file: 'ca' } })
    await scrape(origin)
    await scrape(origin)
    expect(connections.opened).toBe(1)
    write('ca', otherAuthority.cert)
    await expect(scrape(origin)).rejects.toThrow('not trusted here')
    show(issue('server', { by: otherAuthority, ...NAMES }))
    expect(await scrape(origin)).toBe('a 1\n')
    unlinkSync(file('ca'))
    ahead += 1000
    await expect(scrape(origin)).rejects.toThrow(`cannot read ${folder}/ca: no such file`)
  })

  test('the client certificate is replaced: the new one is shown, and no session of before is resumed', async () => {
    const { origin, connections } = await exporter((request, response) => response.end(clientName(request)), {
      requestCert: true,
      ca: authority.cert,
    })
    write('cert', client.cert)
    write('key', client.key)
    const { scrape } = start({ tls_config: { ...ca, cert_file: 'cert', key_file: 'key' } })
    expect(await scrape(origin)).toBe('client')
    write('cert', nextClient.cert)
    await expect(scrape(origin)).rejects.toThrow('does not belong to')
    write('key', nextClient.key)
    expect(await scrape(origin)).toBe('next client')
    expect(connections).toMatchObject({ opened: 2, resumed: 0 })
    await vi.waitFor(() => expect(connections.open).toBe(1))
  })
})

describe('connections', () => {
  test('of a job without TLS of its own are those that all share', async () => {
    const shared = createConnections()
    const connections = createJobConnections(shared, httpOf({ bearer_token: 't' }))
    await connections.lend((dispatcher) => Promise.resolve(expect(dispatcher).toBe(shared)))
    await connections.close()
    expect(shared).toMatchObject({ closed: false, destroyed: false })
    await shared.close()
  })

  test('are kept between scrapes, made anew for another configuration, and closed with the job', async () => {
    const { origin, connections: seen } = await exporter()
    const { connections, scrape } = start({ tls_config: ca })
    await scrape(origin)
    await scrape(origin)
    expect(seen).toMatchObject({ opened: 1, open: 1 })
    connections.use(httpOf({ tls_config: { insecure_skip_verify: true } }))
    await vi.waitFor(() => expect(seen.open).toBe(0))
    await scrape(origin)
    expect(seen).toMatchObject({ opened: 2, open: 1 })
    await connections.close()
    await vi.waitFor(() => expect(seen.open).toBe(0))
  })

  test('that a scrape uses stay until it has ended', async () => {
    const asked = Promise.withResolvers<void>()
    const mayAnswer = Promise.withResolvers<void>()
    const { origin, connections: seen } = await exporter((request, response) => {
      if (request.url === '/there') response.end('a 2\n')
      else {
        asked.resolve()
        void mayAnswer.promise.then(() => response.writeHead(302, { location: '/there' }).end())
      }
    })
    const { connections, scrape } = start({ tls_config: ca })
    const scraping = scrape(origin)
    await asked.promise
    connections.use(httpOf({ tls_config: ca }))
    const closed = connections.close()
    mayAnswer.resolve()
    expect(await scraping).toBe('a 2\n')
    await closed
    await vi.waitFor(() => expect(seen.open).toBe(0))
  })
})

/** Answers for every target to who shows `good`, and says what it was asked. */
async function startProxy(isGood: (authorization: string | undefined) => boolean) {
  const asked: string[] = []
  const proxy = await startExporter((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`)
    response.writeHead(isGood(request.headers.authorization) ? 200 : 401).end('a 1\n')
  })
  let tokens = 0
  const issuer = await startExporter((_, response) => response.end(JSON.stringify({ access_token: `t${++tokens}`, expires_in: 3600 })))
  closing.push(proxy.close, issuer.close)
  return { asked, proxy_url: `http://${proxy.address}`, oauth2: { client_id: 'c', token_url: `http://${issuer.address}/token` } }
}

describe('a proxy and OAuth 2', () => {
  test('a scrape goes through the proxy and shows a token, another one when it is refused', async () => {
    let good = 'Bearer t1'
    const { asked, proxy_url, oauth2 } = await startProxy((shown) => shown === good)
    const { scrape } = start({ proxy_url, oauth2 })
    const target = 'http://target.invalid:9100'
    expect(await scrape(target)).toBe('a 1\n')
    good = 'Bearer t2'
    await expect(scrape(target)).rejects.toThrow('server answered 401 Unauthorized, expected 200')
    ahead += 10_000
    expect(await scrape(target)).toBe('a 1\n')
    const shown = ['t1', 't1', 't1', 't2'].map((token) => `${target}/metrics Bearer ${token}`)
    expect(asked).toEqual(shown)
  })

  test('no token is no scrape, and says why', async () => {
    const { asked, proxy_url } = await startProxy(() => true)
    const { scrape } = start({ proxy_url, oauth2: { client_id: 'c', client_secret: 'hidden', token_url: 'http://127.0.0.1:1/token' } })
    await expect(scrape('http://target.invalid')).rejects.toThrow(
      new Error('the token endpoint http://127.0.0.1:1/token: connect ECONNREFUSED 127.0.0.1:1'),
    )
    expect(asked).toEqual([])
  })

  test('a token is not shown to where a target redirects', async () => {
    const { asked, proxy_url, oauth2 } = await startProxy(() => true)
    const target = await startExporter((_, response) => response.writeHead(302, { location: 'http://other.invalid/there' }).end())
    closing.push(target.close)
    const { scrape } = start({ proxy_url, no_proxy: 'example', oauth2 })
    expect(await scrape(`http://${target.address}`)).toBe('a 1\n')
    expect(asked).toEqual(['http://other.invalid/there undefined'])
  })
})

describe('TLS on one side only', () => {
  test('the server speaks none', async () => {
    const { address, close } = await startExporter((_, response) => response.end('a 1\n'))
    closing.push(close)
    await expect(start({ tls_config: ca }).scrape(`https://${address}`)).rejects.toThrow('the peer speaks no TLS here')
  })

  test('the server explains that it does', async () => {
    const server = createPlainServer((_, response) => response.writeHead(400).end('Client sent an HTTP request to an HTTPS server.\n'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closing.push(() => new Promise((resolve) => server.close(resolve)))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    await expect(start({}).scrape(`http://127.0.0.1:${port}`)).rejects.toThrow(
      'server answered 400 Bad Request, expected 200: Client sent an HTTP request to an HTTPS server.',
    )
  })
})
