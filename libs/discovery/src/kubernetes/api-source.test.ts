import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ConfigError } from '@clymene/model'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { apiSource } from './api-source.ts'

const NOWHERE = { env: {}, serviceAccount: '/none' }

let folder = ''
let ahead = 0
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-kubeconfig-'))
  // Files are looked at once a second: the clock is what the test moves.
  const real = performance.now.bind(performance)
  ahead = 0
  vi.spyOn(performance, 'now').mockImplementation(() => real() + ahead)
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

const write = (text: string): string => {
  const path = join(folder, 'config')
  writeFileSync(path, text)
  ahead += 1000
  return path
}
const kubeconfig = (server: string, token: string): string =>
  JSON.stringify({
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
    clusters: [{ name: 'k', cluster: { server } }],
    users: [{ name: 'u', user: { token } }],
  })

describe('a kubeconfig', () => {
  test('is read again when it changes, and not before', () => {
    const source = apiSource.kubeconfig(write(kubeconfig('https://one.example', 'first')), 'w')
    const first = source.access(NOWHERE)
    ahead += 1000
    expect(source.access(NOWHERE)).toBe(first)
    write(kubeconfig('https://two.example', 'second'))
    const second = source.access(NOWHERE)
    expect([first.url, first.http.authorization?.credentials()]).toEqual(['https://one.example', 'first'])
    expect([second.url, second.http.authorization?.credentials()]).toEqual(['https://two.example', 'second'])
  })

  test.each([
    ['is not there', undefined, /^w: cannot read .*config: no such file$/],
    ['is no kubeconfig', 'a: b', /^w: /],
  ])('that %s is a mistake of the configuration', (_name, text, mistake) => {
    const path = text === undefined ? join(folder, 'config') : write(text)
    let thrown: unknown
    try {
      apiSource.kubeconfig(path, 'w')
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(ConfigError)
    for (const one of thrown instanceof ConfigError ? thrown.mistakes : []) expect(one).toMatch(mistake)
  })
})
