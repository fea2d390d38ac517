import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ConfigError } from '@clymene/model'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { parseKubernetesConfig } from './config.ts'

let directory = ''
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'clymene-kubernetes-'))
  writeFileSync(
    join(directory, 'good.kubeconfig'),
    'current-context: c\ncontexts: [{name: c, context: {cluster: k}}]\nclusters: [{name: k, cluster: {server: "https://k:6443"}}]',
  )
  writeFileSync(join(directory, 'bad.kubeconfig'), 'current-context: other')
})
afterAll(() => rmSync(directory, { recursive: true }))

const parsed = (value: unknown, ownNode?: string) =>
  parseKubernetesConfig(value, 'k[0]', { directory, ...(ownNode === undefined ? {} : { ownNode }) })
const outside = { env: {}, serviceAccount: '' }

function mistakesOf(value: unknown): readonly string[] {
  try {
    parsed(value)
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
  return []
}

describe('what is accepted', () => {
  test('just a role: all namespaces of the own cluster', () => {
    expect(parsed({ role: 'pod' })).toMatchObject({
      role: 'pod',
      namespaces: { own: false, names: [] },
      selectors: new Map(),
      attach: { node: false, namespace: false, deployment: false, job: false, cronjob: false },
      api: { key: 'in cluster' },
    })
  })

  test.each(['node', 'pod', 'service', 'endpoints', 'endpointslice', 'ingress'])('the role %s', (role) => {
    expect(parsed({ role }).role).toBe(role)
  })

  test('everything', () => {
    const config = parsed({
      role: 'endpoints',
      api_server: 'https://[fd00::1]:6443/k8s/clusters/c-1',
      authorization: { credentials_file: 'token' },
      tls_config: { ca_file: 'ca.crt', insecure_skip_verify: false },
      follow_redirects: true,
      enable_http2: true,
      namespaces: { names: ['a', 'b', 'a'], own_namespace: false },
      selectors: [
        {
          role: 'pod',
          label: 'app in (a, b),!canary,tier!=x,app.kubernetes.io/name==y,track notin (z)',
          field: 'spec.nodeName=n1,status.phase!=Failed',
        },
        { role: 'endpoints', label: 'team' },
      ],
      attach_metadata: { node: true, namespace: true, job: true, cronjob: false },
    })
    expect(config.namespaces.names).toEqual(['a', 'b'])
    expect(config.selectors.get('pods')?.fieldSelector).toBe('spec.nodeName=n1,status.phase!=Failed')
    expect(config.selectors.get('endpoints')).toEqual({ labelSelector: 'team', fieldSelector: '' })
    expect(config.attach).toEqual({ node: true, namespace: true, deployment: false, job: true, cronjob: false })
    expect(config.api.access(outside).url).toBe('https://[fd00::1]:6443/k8s/clusters/c-1')
  })

  test.each([
    ['pod', 'pod'],
    ['pod', 'node'],
    ['node', 'node'],
    ['service', 'service'],
    ['endpoints', 'pod'],
    ['endpoints', 'service'],
    ['endpoints', 'endpoints'],
    ['endpointslice', 'pod'],
    ['endpointslice', 'service'],
    ['endpointslice', 'endpointslice'],
    ['ingress', 'ingress'],
  ])('the role %s selects %s', (role, selected) => {
    const { selectors } = parsed({ role, selectors: [{ role: selected, label: 'a=b' }] })
    expect([...selectors.values()]).toEqual([{ labelSelector: 'a=b', fieldSelector: '' }])
  })

  test('a kubeconfig, its path from the folder of the configuration', () => {
    expect(parsed({ role: 'pod', kubeconfig_file: 'good.kubeconfig', follow_redirects: true }).api.access(outside).url).toBe(
      'https://k:6443',
    )
  })
})

describe('the own node', () => {
  test.each([
    ['no selector', undefined, { labelSelector: '', fieldSelector: 'spec.nodeName=n1' }],
    ['a label selector', { label: 'app=a' }, { labelSelector: 'app=a', fieldSelector: 'spec.nodeName=n1' }],
    ['a field selector', { field: 'status.phase=Running' }, { labelSelector: '', fieldSelector: 'status.phase=Running,spec.nodeName=n1' }],
  ])('is asked for beside %s', (_what, selector, expected) => {
    const selectors = selector === undefined ? undefined : [{ role: 'pod', ...selector }]
    expect(parsed({ role: 'pod', selectors }, 'n1').selectors.get('pods')).toEqual(expected)
  })

  test.each(['node', 'service', 'endpoints', 'endpointslice', 'ingress'])('does not narrow the role %s', (role) => {
    expect(parsed({ role }, 'n1').selectors.size).toBe(0)
  })
})

describe('which server', () => {
  const keyOf = (value: object): string => parsed({ role: 'pod', api_server: 'https://a:1', ...value }).api.key

  test('is the same for the same access, and shows no secret', () => {
    expect(keyOf({ bearer_token: 'very-secret' })).toBe(keyOf({ bearer_token: 'very-secret', role: 'node' }))
    expect(keyOf({ bearer_token: 'very-secret' })).not.toContain('very-secret')
    expect(keyOf({ bearer_token: 'other' })).not.toBe(keyOf({ bearer_token: 'very-secret' }))
    expect(keyOf({})).not.toBe(keyOf({ tls_config: { insecure_skip_verify: true } }))
  })

  test('maps may be given as Maps: credentials as they were written', () => {
    const basic = (password: string) =>
      new Map([
        [
          'basic_auth',
          new Map([
            ['username', '1'],
            ['password', password],
          ]),
        ],
      ])
    const item = (password: string) => new Map<string, unknown>([['role', 'pod'], ['api_server', 'https://a:1'], ...basic(password)])
    const { api } = parsed(item('007'))
    expect(api.access(outside).http.basic?.password()).toBe('007')
    expect(api.key).not.toBe(parsed(item('7')).api.key)
    expect(mistakesOf(new Map([['role', new Map([['a', 1]])]]))).toEqual([expect.stringContaining('found {"a":1}')])
  })

  test('is a mistake of where it runs when it is not inside a cluster', () => {
    const { api } = parsed({ role: 'pod' })
    expect(() => api.access(outside)).toThrow(/not inside a cluster: KUBERNETES_SERVICE_HOST .* api_server or a kubeconfig_file/)
  })

  test.each([
    ['10.96.0.1', 'https://10.96.0.1:443'],
    ['fd00::1', 'https://[fd00::1]:443'],
  ])('inside a cluster is %s', (host, url) => {
    const env = { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: '443' }
    expect(parsed({ role: 'pod' }).api.access({ env, serviceAccount: '/x' }).url).toBe(url)
  })
})

describe('mistakes', () => {
  test.each<[what: string, value: unknown, mistakes: readonly RegExp[]]>([
    ['no map', 'pod', [/^k\[0\]: expected a mapping, found "pod"/, /^k\[0\]\.role/]],
    ['no role', {}, [/^k\[0\]\.role: is needed, one of node, pod, service, endpoints, endpointslice, ingress$/]],
    ['an unknown role', { role: 'pods' }, [/^k\[0\]\.role: expected one of .*, found "pods"/]],
    ['an unknown key', { role: 'pod', namespace: 'x' }, [/^k\[0\]\.namespace: unknown key \(known: role, api_server/]],
    ['a server without scheme', { role: 'pod', api_server: 'k8s:6443' }, [/^k\[0\]\.api_server: expected a URL such as https:/]],
    [
      'a server with a password',
      { role: 'pod', api_server: 'https://u:p@k' },
      [/^k\[0\]\.api_server: expected a URL .* without user and query/],
    ],
    ['no path', { role: 'pod', kubeconfig_file: 7 }, [/^k\[0\]\.kubeconfig_file: expected a path, found 7/]],
    [
      'a kubeconfig that is not there',
      { role: 'pod', kubeconfig_file: 'gone' },
      [/^k\[0\]\.kubeconfig_file: cannot read .*\/gone: no such file/],
    ],
    [
      'a kubeconfig that is wrong',
      { role: 'pod', kubeconfig_file: 'bad.kubeconfig' },
      [/^k\[0\]\.kubeconfig_file: .*current-context: no "other"/],
    ],
    [
      'two servers',
      { role: 'pod', api_server: 'https://k', kubeconfig_file: 'good.kubeconfig' },
      [/^k\[0\]\.kubeconfig_file: excludes api_server/],
    ],
    ['credentials without a server', { role: 'pod', bearer_token: 'x' }, [/^k\[0\]\.bearer_token: is for api_server/]],
    [
      'credentials beside a kubeconfig',
      { role: 'pod', kubeconfig_file: 'good.kubeconfig', basic_auth: { username: 'u' } },
      [/^k\[0\]\.basic_auth: is for api_server/],
    ],
    [
      'the own namespace from outside',
      { role: 'pod', api_server: 'https://k', namespaces: { own_namespace: true } },
      [/^k\[0\]\.namespaces\.own_namespace: only inside the cluster/],
    ],
    ['namespaces as a list', { role: 'pod', namespaces: ['a'] }, [/^k\[0\]\.namespaces: expected a mapping, found \["a"\]/]],
    [
      'names as text',
      { role: 'pod', namespaces: { names: 'a' } },
      [/^k\[0\]\.namespaces\.names: expected a list of namespaces, found "a"/],
    ],
    [
      'a name that is none',
      { role: 'pod', namespaces: { names: ['A_b'] } },
      [/^k\[0\]\.namespaces\.names\[0\]: expected the name of a namespace, found "A_b"/],
    ],
    ['an unknown key of namespaces', { role: 'pod', namespaces: { all: true } }, [/^k\[0\]\.namespaces\.all: unknown key/]],
    [
      'a flag that is none',
      { role: 'pod', namespaces: { own_namespace: 'maybe' } },
      [/^k\[0\]\.namespaces\.own_namespace: expected true or false, found "maybe"/],
    ],
    ['selectors that are no list', { role: 'pod', selectors: {} }, [/^k\[0\]\.selectors: expected a list of selectors, found \{\}/]],
    [
      'a selector without a role',
      { role: 'pod', selectors: [{ label: 'a' }] },
      [/^k\[0\]\.selectors\[0\]\.role: the role pod can select pod, node, found undefined/],
    ],
    [
      'a selector of another role',
      { role: 'service', selectors: [{ role: 'pod' }] },
      [/^k\[0\]\.selectors\[0\]\.role: the role service can select service, found "pod"/],
    ],
    [
      'endpoints that select slices',
      { role: 'endpoints', selectors: [{ role: 'endpointslice' }] },
      [/the role endpoints can select pod, service, endpoints, found "endpointslice"/],
    ],
    [
      'two selectors of one role',
      { role: 'pod', selectors: [{ role: 'pod' }, { role: 'pod' }] },
      [/^k\[0\]\.selectors\[1\]\.role: "pod" has a selector already/],
    ],
    [
      'a label selector that is none',
      { role: 'pod', selectors: [{ role: 'pod', label: 'a=b=c' }] },
      [/^k\[0\]\.selectors\[0\]\.label: expected a label selector/],
    ],
    ['an open list', { role: 'pod', selectors: [{ role: 'pod', label: 'a in (b' }] }, [/\.label: expected a label selector/]],
    [
      'a field selector that is none',
      { role: 'pod', selectors: [{ role: 'pod', field: 'spec.nodeName' }] },
      [/^k\[0\]\.selectors\[0\]\.field: expected a field selector/],
    ],
    [
      'an unknown key of a selector',
      { role: 'pod', selectors: [{ role: 'pod', labels: 'a' }] },
      [/^k\[0\]\.selectors\[0\]\.labels: unknown key/],
    ],
    [
      'an unknown key of attach_metadata',
      { role: 'pod', attach_metadata: { pod: true } },
      [/^k\[0\]\.attach_metadata\.pod: unknown key \(known: node, namespace, deployment, job, cronjob\)/],
    ],
    [
      'an ingress that selects pods',
      { role: 'ingress', selectors: [{ role: 'pod' }] },
      [/^k\[0\]\.selectors\[0\]\.role: the role ingress can select ingress, found "pod"/],
    ],
    [
      'attach_metadata that is none',
      { role: 'pod', attach_metadata: { node: 1 } },
      [/^k\[0\]\.attach_metadata\.node: expected true or false, found 1/],
    ],
    [
      'an OAuth 2 without an address',
      { role: 'pod', api_server: 'https://k', oauth2: { client_id: 'c', client_secret: 's' } },
      [/^k\[0\]\.oauth2\.token_url: /],
    ],
  ])('%s', (_what, value, expected) => {
    const mistakes = mistakesOf(value)
    for (const one of expected) expect(mistakes).toContainEqual(expect.stringMatching(one))
    expect(mistakes).toHaveLength(expected.length)
  })

  test('are told all at once', () => {
    const value = { role: 'x', api_server: 1, namespaces: { names: [1] }, selectors: [1], attach_metadata: 1, other: 1, proxy_url: 'x' }
    expect(mistakesOf(value).length).toBeGreaterThanOrEqual(7)
  })
})
