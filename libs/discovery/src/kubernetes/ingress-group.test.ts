import { expect, test } from 'vitest'

import { ATTACH_NOTHING } from './attach.ts'
import { lookupIn, plain } from './fixtures.test-kit.ts'
import { ingressGroup } from './ingress-group.ts'
import { readIngress } from './ingress.ts'
import type { Json } from './json.ts'

const groupOf = (spec: Json, metadata: Json = {}) =>
  ingressGroup(readIngress({ metadata: { name: 'web', namespace: 'shop', ...metadata }, spec }), ATTACH_NOTHING, lookupIn()).group

const targetOf = (scheme: string, host: string, path: string) => ({
  __address__: host,
  ingress_scheme: scheme,
  ...(host !== '' && { ingress_host: host }),
  ingress_path: path,
})

test('an ingress has a target a path of each host, with name, class, labels and annotations', () => {
  const group = groupOf(
    {
      ingressClassName: 'nginx',
      tls: [{ hosts: ['a.example'] }],
      rules: [
        { host: 'a.example', http: { paths: [{ path: '/' }, { path: '/api', backend: {} }] } },
        { host: 'b.example', http: { paths: [{}] } },
      ],
    },
    { labels: { team: 'web' }, annotations: { probe: 'true' } },
  )
  expect(group.source).toBe('ingress/shop/web')
  expect(plain(group.labels)).toEqual({
    namespace: 'shop',
    ingress_name: 'web',
    ingress_class_name: 'nginx',
    ingress_label_team: 'web',
    ingress_labelpresent_team: 'true',
    ingress_annotation_probe: 'true',
    ingress_annotationpresent_probe: 'true',
  })
  expect(group.targets.map(plain)).toEqual([
    targetOf('https', 'a.example', '/'),
    targetOf('https', 'a.example', '/api'),
    targetOf('http', 'b.example', '/'),
  ])
})

test.each<[what: string, rule: Json, expected: readonly object[]]>([
  ['without HTTP: the path /', { host: 'a.example' }, [targetOf('http', 'a.example', '/')]],
  ['with HTTP and no path: none', { host: 'a.example', http: { paths: [] } }, []],
  ['of every host', { http: { paths: [{ path: '/x' }] } }, [targetOf('http', '', '/x')]],
  ['that is none', {}, [targetOf('http', '', '/')]],
])('a rule %s', (_what, rule, expected) => {
  expect(groupOf({ rules: [rule] }).targets.map(plain)).toEqual(expected)
})

test.each([
  ['a.example', 'a.example', 'https'],
  ['*.example', 'a.example', 'https'],
  ['*.example', 'a.b.example', 'http'],
  ['*.example', 'example', 'http'],
  ['*.a.example', 'b.b.example', 'http'],
  ['x*.example', 'xa.example', 'http'],
  ['a.*', 'a.example', 'http'],
  ['*', 'local', 'https'],
  ['b.example', 'a.example', 'http'],
])('a certificate of %s makes %s %s', (pattern, host, scheme) => {
  const { targets } = groupOf({ tls: [{ hosts: ['other'] }, { hosts: [pattern] }, {}], rules: [{ host }] })
  expect(targets[0]?.get('__meta_kubernetes_ingress_scheme')).toBe(scheme)
})

test('an ingress without rules has no target', () => {
  expect(groupOf({ defaultBackend: {} }).targets).toEqual([])
})
