import { describe, expect, test } from 'vitest'

import { containerOfLink, isContainerName, isStaticUid, podOfFolder } from './pod-names.ts'

const UID = '2f6b1c9e-54a1-4d0e-8f0a-0f6a3f6f1c11'
const ID = '4f9c3a'.repeat(10) + 'abcd'

describe('podOfFolder', () => {
  test.each([
    [`default_nginx_${UID}`, { namespace: 'default', name: 'nginx', uid: UID }],
    [`kube-system_etcd-n1.example_${'ab12'.repeat(8)}`, { namespace: 'kube-system', name: 'etcd-n1.example', uid: 'ab12'.repeat(8) }],
    [`n_${'p'.repeat(253)}_${UID}`, { namespace: 'n', name: 'p'.repeat(253), uid: UID }],
    ['a_b_c', { namespace: 'a', name: 'b', uid: 'c' }],
  ])('%s', (folder, expected) => {
    expect(podOfFolder(folder)).toEqual(expected)
  })

  test.each([
    'nginx',
    `default_${UID}`,
    `default_nginx_${UID}_more`,
    `_nginx_${UID}`,
    `default__${UID}`,
    'default_nginx_',
    `Default_nginx_${UID}`,
    `default_nginx*_${UID}`,
    `default_nginx_{${UID}}`,
    `-a_b_c`,
    `${'n'.repeat(64)}_b_c`,
    `n_${'p'.repeat(254)}_c`,
    '__proto___b_c',
    '..',
    '',
  ])('%j is no folder of a pod', (folder) => {
    expect(podOfFolder(folder)).toBeUndefined()
  })
})

describe('containerOfLink', () => {
  test.each([
    [`nginx_default_main-${ID}.log`, { namespace: 'default', name: 'nginx', container: 'main' }],
    [`web-0.a_shop_side-car-${ID}.log`, { namespace: 'shop', name: 'web-0.a', container: 'side-car' }],
    [`p_n_c-beef-${ID}.log`, { namespace: 'n', name: 'p', container: 'c-beef' }],
  ])('%s', (link, expected) => {
    expect(containerOfLink(link)).toEqual(expected)
  })

  test.each([
    `nginx_default_main.log`,
    `nginx_default_main-${ID}.log.gz`,
    `nginx_default-${ID}.log`,
    `nginx_default_main-xyz.log`,
    `a_b_*-${ID}.log`,
  ])('%s is no link of a container', (link) => {
    expect(containerOfLink(link)).toBeUndefined()
  })
})

test('names of containers have nothing that a glob would read otherwise', () => {
  expect(['main', 'c-1', '0'].every(isContainerName)).toBe(true)
  expect(['', '.', '..', '*', 'a{b,c}', 'a[b]', String.raw`a\b`, 'a b'].some(isContainerName)).toBe(false)
})

test('the uid of a static pod is a hash', () => {
  expect(isStaticUid('ab12'.repeat(8))).toBe(true)
  expect(isStaticUid(UID)).toBe(false)
})
