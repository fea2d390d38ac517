import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePort } from '@clymene/runtime/testing'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { endChildren, run, start } from './testing/child.ts'

/** No text of a program looks like it. */
const SECRET = /s3cr3t/
const PASSWORD = 's3cr3t-password'
const TOKEN = 's3cr3t-token'
const KEY = 's3cr3t-key'

const eventually = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 20_000, interval: 20 })

let folder = ''
let target: Server
let asked: string[] = []
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-secrets-'))
  asked = []
  // It refuses everybody and quotes what it was shown, as careless servers do.
  target = createServer(({ headers }, response) => {
    const shown = `${headers.authorization} ${String(headers['x-api-key'])}`
    asked.push(shown)
    const password = shown.startsWith('Basic') ? PASSWORD : ''
    response.writeHead(401).end(`${shown} ${password} is wrong`)
  })
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  endChildren()
  target.closeAllConnections()
  await new Promise((resolve) => target.close(resolve))
  rmSync(folder, { recursive: true, force: true })
})

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

function config(): string {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what listening on TCP gives
  const { port } = target.address() as AddressInfo
  const job = (name: string, credentials: string): string => `
  - job_name: ${name}
    ${credentials}
    http_headers: {x-api-key: {secrets: [${KEY}]}}
    static_configs: [{targets: ['127.0.0.1:${port}'], labels: {cluster: c}}]`
  return file(
    'scrape.yml',
    `global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:${job('basic', `basic_auth: {username: u, password: ${PASSWORD}}`)}${job('bearer', `authorization: {credentials: ${TOKEN}}`)}`,
  )
}

test('validate, --help and mistakes of the configuration show none', async () => {
  const right = config()
  const wrong = file(
    'wrong.yml',
    `scrape_configs:
  - {job_name: a, basic_auth: {username: u, password: [${PASSWORD}], passwort: ${PASSWORD}}, bearer_token: ${TOKEN}}
  - {job_name: b, authorization: {type: basic, credentials: "${TOKEN}\\n"}, tls_config: {ca: ${KEY}, key: ${KEY}}}
  - {job_name: c, basic_auth: {password:${PASSWORD}}, http_headers: {a: {secrets: ${KEY}}}}`,
  )
  const broken = file('broken.yml', `scrape_configs:\n  - {job_name: a, bearer_token: *${TOKEN}}`)
  const token = file('token', TOKEN)
  const env = { PROMETHEUS_REMOTE_PASSWORD: PASSWORD }
  const outputs = await Promise.all([
    run(['agent', 'validate', `--config.file=${right}`, `--admin.token-file=${token}`, `--gateway.token=${TOKEN}`], { env }),
    run(['agent', 'validate', `--config.file=${wrong}`, `--gateway.token=${TOKEN}`], { env }),
    run(['agent', 'validate', `--config.file=${broken}`], { env }),
    run(['agent', '--help', `--gateway.token=${TOKEN}`], { env }),
  ])
  expect(outputs.map(({ status }) => status)).toEqual([0, 2, 2, 0])
  expect(outputs[1]?.stderr).toContain('basic_auth')
  for (const { stdout, stderr } of outputs) expect(stdout + stderr).not.toMatch(SECRET)
})

test('an agent whose credentials are refused shows none in its log, at the highest level, nor in its metrics', async () => {
  const admin = `127.0.0.1:${await freePort()}`
  const child = start([
    'agent',
    `--config.file=${config()}`,
    `--admin.http.host-ports=${admin}`,
    `--admin.token-file=${file('token', TOKEN)}`,
    `--http.port=127.0.0.1:${await freePort()}`,
    `--buffer.dir=${join(folder, 'buffer')}`,
    `--gateway.token=${TOKEN}`,
    '--log-level=debug',
    '--buffer.drain-timeout=0',
  ])
  await eventually(() => expect(new Set(asked)).toEqual(new Set([`Basic ${btoa(`u:${PASSWORD}`)} ${KEY}`, `Bearer ${TOKEN} ${KEY}`])))
  await eventually(() => expect(child.stderr() + child.stdout()).toMatch(/server answered 401 Unauthorized, expected 200: .*is wrong/))
  const metrics = await (await fetch(`http://${admin}/metrics`)).text()
  child.signal('SIGTERM')
  const { stdout, stderr } = await child.ended
  expect(metrics).toContain('clymene_agent_scrapes_total')
  for (const text of [stdout, stderr, metrics]) {
    expect(text).not.toMatch(SECRET)
    expect(text).not.toContain(btoa(`u:${PASSWORD}`))
  }
})
