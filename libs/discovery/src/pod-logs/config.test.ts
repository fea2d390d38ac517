import { ConfigError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import type { ParseOptions } from '../discoverer-config.ts'
import { parsePodLogsConfig, type PodLogsConfig } from './config.ts'

const FOR_FILES: ParseOptions = { forFiles: true, directory: '/etc/clymene' }
const read = (value: object, options: ParseOptions = {}): PodLogsConfig => parsePodLogsConfig(value, 'p[0]', { ...FOR_FILES, ...options })

function mistakesOf(value: unknown, options: ParseOptions = FOR_FILES): readonly string[] {
  try {
    parsePodLogsConfig(value, 'p[0]', options)
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
  return []
}

describe('parsePodLogsConfig', () => {
  test('nothing has to be said', () => {
    expect(read({}, { ownNode: 'n1' })).toMatchObject({
      root: '/var/log',
      refreshMs: 10_000,
      namespaces: [],
      excludedNamespaces: [],
      asks: 'auto',
      api: { key: 'in cluster' },
      namesApi: false,
      selector: { labelSelector: '', fieldSelector: 'spec.nodeName=n1' },
      selects: false,
      ofNode: 'n1',
    })
  })

  test.each<[what: string, value: object, expected: object]>([
    ['a folder beside the configuration', { path: 'logs' }, { root: '/etc/clymene/logs' }],
    ['no API server', { api: false }, { asks: false }],
    ['an API server in any case', { api: true }, { asks: true }],
    ['yes in quotes', { api: 'true' }, { asks: true }],
    ['namespaces', { namespaces: ['a', 'b', 'a'], exclude_namespaces: ['b'] }, { namespaces: ['a', 'b'], excludedNamespaces: ['b'] }],
    ['another interval', { refresh_interval: '1m30s' }, { refreshMs: 90_000 }],
    ['an API server by its address', { api_server: 'https://api:6443', bearer_token: 't' }, { namesApi: true }],
    [
      'selectors beside the own node',
      { selectors: [{ role: 'pod', label: 'app=web', field: 'status.phase=Running' }] },
      { selects: true, selector: { labelSelector: 'app=web', fieldSelector: 'status.phase=Running,spec.nodeName=n1' } },
    ],
  ])('%s', (_what, value, expected) => {
    expect(read(value, { ownNode: 'n1' })).toMatchObject(expected)
  })

  test.each<[what: string, value: unknown, expected: readonly (string | RegExp)[]]>([
    ['no mapping', 5, ['p[0]: expected a mapping, found 5']],
    ['an unknown key', { role: 'pod' }, [/^p\[0\]\.role: unknown key \(known: path, api, api_server, /]],
    ['wildcards', { path: '/var/*' }, ['p[0].path: expected a folder, without wildcards, found "/var/*"']],
    ['braces', { path: '/{a,b}' }, ['p[0].path: expected a folder, without wildcards, found "/{a,b}"']],
    ['another word', { api: 'maybe' }, ['p[0].api: expected true, false or auto, found "maybe"']],
    [
      'namespaces as Kubernetes discovery has them',
      { namespaces: { names: ['a'] } },
      [/^p\[0\]\.namespaces: expected a list of namespaces, found/],
    ],
    [
      'a namespace that cannot be',
      { exclude_namespaces: ['A_b'] },
      ['p[0].exclude_namespaces[0]: expected the name of a namespace, found "A_b"'],
    ],
    ['no interval', { refresh_interval: '0s' }, ['p[0].refresh_interval: expected more than 0, found "0s"']],
    ['selectors of nodes', { selectors: [{ role: 'node', label: 'a=b' }] }, ['p[0].selectors: can select pods only']],
    [
      'selectors without an API server',
      { api: false, selectors: [{ role: 'pod', label: 'a=b' }] },
      ['p[0].selectors: have no effect: the labels of a pod are known to the API server only, which api: false does not ask'],
    ],
    ['an API server that is not asked', { api: false, api_server: 'http://a' }, ['p[0].api_server: has no effect: api: false asks none']],
    [
      'several mistakes',
      { path: '*', api: 1, api_server: 'ftp://a' },
      [/^p\[0\]\.path: /, /^p\[0\]\.api: /, 'p[0].api_server: expected a URL such as https://host:6443, without user and query'],
    ],
  ])('refuses %s', (_what, value, expected) => {
    const mistakes = mistakesOf(value)
    expect(mistakes).toEqual(expected.map((one) => (typeof one === 'string' ? one : expect.stringMatching(one))))
  })

  test('scrapes have no use for it', () => {
    expect(mistakesOf({}, {})).toEqual(['p[0]: finds files of log jobs; the pods of scrapes are found by kubernetes_sd_configs'])
  })
})
