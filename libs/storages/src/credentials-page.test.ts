import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { FlagSet } from '@clymene/model'
import { flag } from '@clymene/runtime'
import { issue } from '@clymene/runtime/testing'
import { afterAll, describe, expect, test } from 'vitest'

import { parseServiceFlags } from './service-flags.ts'
import { createTestFolder } from './testing/test-folder.ts'

const folder = createTestFolder()
afterAll(folder.remove)

const authority = issue('authority')
const client = issue('client', { by: authority })
/** What the files that the page names hold. */
const FILES: Readonly<Record<string, string>> = {
  password: 'a password',
  token: 'a-token',
  headers: 'authorization: ApiKey abc',
  'ca.pem': authority.cert,
  'client.pem': client.cert,
  'client-key.pem': client.key,
  'clymene.yml': 'scrape_configs: []',
}

const page = readFileSync(join(import.meta.dirname, '../../../docs/credentials.md'), 'utf8')
/** The storages that a service writes to when nothing says so. */
const DEFAULTS: Readonly<Record<string, string>> = { agent: 'gateway', ingester: '' }
/** Flags of the services themselves that the page shows. */
const OWN_FLAGS: Readonly<Record<string, FlagSet>> = { agent: { 'config.file': flag.file('', 'Scrape configuration') } }
const commands = [...page.matchAll(/^clymene (agent|ingester) (.*)$/gm)].map(([line, service = '', flags = '']) => ({
  line,
  service,
  flags,
}))

describe('docs/credentials.md', () => {
  test('has commands', () => expect(commands.length).toBeGreaterThan(8))

  test.each(commands)('$line', ({ service, flags }) => {
    const argv = flags
      .split(' ')
      .map((word) => word.replace(/\/etc\/clymene\/([\w.-]+)/, (_, name: string) => folder.put(name, FILES[name] ?? '')))
    const { warnings, given } = parseServiceFlags({ flags: OWN_FLAGS[service] ?? {}, defaultStorages: DEFAULTS[service] ?? '' }, argv, {})
    expect(warnings).toEqual([])
    expect(given.size).toBe(argv.length)
  })
})
