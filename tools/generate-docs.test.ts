import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePort } from '@clymene/runtime/testing'
import { describe, expect, test, vi } from 'vitest'

import { generate, root } from './generate-docs.ts'

const pages = generate()
const pageOf = (path: string): string => pages.get(path) ?? ''

test.each([...pages])('%s is what the sources say (npm run docs)', (path, text) => {
  expect(readFileSync(join(root, path), 'utf8')).toBe(text)
})

describe('docs/flags.md', () => {
  const page = pageOf('docs/flags.md')

  test.each(['agent', 'gateway', 'ingester', 'all-in-one', 'promtail', 'promtail-gateway', 'promtail-ingester'])('has %s', (name) => {
    expect(page).toContain(`\n## clymene ${name}\n`)
  })

  test.each(['prometheus', 'cortex', 'loki', 'elasticsearch', 'embedded', 'gateway', 'kafka'])('has storage %s once', (name) => {
    expect(page.match(new RegExp(`^### Storage ${name}: `, 'gm'))).toHaveLength(1)
  })

  test.each([
    ['ledger', ['url', 'token-file']],
    ['replay', ['storage', 'since', 'rate', 'kafka.ledger.topic', 'kafka.consumer.brokers']],
  ])('has the tool %s', (name, flags) => {
    const section = new RegExp(`\\n## clymene ${name}\\n[^]*?\\n## `).exec(page)?.[0] ?? ''
    expect(flags.filter((flag) => !section.includes(`| \`--${flag}\``))).toEqual([])
    // A variable such as URL or STORAGE is somebody else's.
    expect(section).not.toMatch(/`(?:URL|STORAGE|SINCE|CLUSTER)`/)
  })

  test('shows no value of a secret', () => {
    const secrets = page.split('\n').filter((row) => /^\| `--[^`]*(?:password|token|secret)`/.test(row))
    expect(secrets.length).toBeGreaterThan(0)
    for (const row of secrets) expect(row).toMatch(/^\| `--[^`]+` +\| `\w+` +\| \w+ +\| +\|/)
  })

  test('has the flags in which promtail differs, with its own defaults', () => {
    const section = /## clymene promtail\n[\s\S]*?\n## /.exec(page)?.[0] ?? ''
    expect(section).toContain('`/etc/promtail/config.yml`')
    expect(section).toContain('`:15698`')
    expect(section).not.toContain('--buffer.dir')
  })
})

/** Type and help of each own metric that a page of metrics has. */
function servedMetrics(text: string): ReadonlyMap<string, string> {
  const types = new Map([...text.matchAll(/^# TYPE (clymene_\w+) (\w+)$/gm)].map(([, name = '', type = '']) => [name, type]))
  return new Map(
    [...text.matchAll(/^# HELP (clymene_\w+) (.*)$/gm)].map(([, name = '', help = '']) => [name, `${types.get(name)}: ${help}`]),
  )
}

/** The same of docs/metrics.md. */
function documentedMetrics(page: string): ReadonlyMap<string, string> {
  const rows = page.split('\n').map((row) => row.split(/(?<!\\)\|/).map((cell) => cell.trim()))
  return new Map(
    rows.flatMap(([, name = '', type = '', , help = '']) =>
      name.startsWith('`clymene_') ? [[name.replaceAll('`', ''), `${type}: ${help.replaceAll('\\|', '|')}`] as const] : [],
    ),
  )
}

const PORT_FLAGS = [
  'agent.admin.http.host-ports',
  'gateway.admin.http.host-ports',
  'ingester.admin.http.host-ports',
  'page.http.host-port',
  'gateway.http-server.host-port',
  'gateway.grpc-server.host-port',
  'http.port',
]

test('docs/metrics.md has every metric that the running services have', { timeout: 60_000 }, async () => {
  const documented = documentedMetrics(pageOf('docs/metrics.md'))
  const folder = mkdtempSync(join(tmpdir(), 'clymene-docs-'))
  const ports = await Promise.all(PORT_FLAGS.map(() => freePort()))
  const flags = PORT_FLAGS.map((name, index) => `--${name}=127.0.0.1:${ports[index]}`)
  const cli = join(root, 'services/clymene/bin/clymene.mjs')
  const child = spawn(process.execPath, [cli, 'all-in-one', `--data.dir=${folder}/data`, '--host.logs=', ...flags], { stdio: 'ignore' })
  const ended = new Promise((resolve) => child.once('close', resolve))
  try {
    const served = await vi.waitFor(
      async () => {
        const texts = await Promise.all(ports.slice(0, 3).map(async (port) => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()))
        const found = servedMetrics(texts.join('\n'))
        // The last one to come: a sample went all the way.
        expect(found.has('clymene_embedded_stored_records_total')).toBe(true)
        expect(found.has('clymene_storage_write_seconds')).toBe(true)
        return found
      },
      { timeout: 40_000, interval: 100 },
    )
    expect(served.size).toBeGreaterThan(30)
    expect([...served].filter(([name, shape]) => documented.get(name) !== shape)).toEqual([])
  } finally {
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
})
