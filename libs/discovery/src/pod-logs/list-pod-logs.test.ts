import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { listPodLogs } from './list-pod-logs.ts'
import { createPodsOnDisk, UID } from './pods-on-disk.test-kit.ts'

const ID = 'a'.repeat(64)
const OTHER = 'b'.repeat(64)

let disk = createPodsOnDisk()
beforeEach(() => {
  disk = createPodsOnDisk()
})
afterEach(() => disk.close())

/** Paths by pod and container. */
async function found(isWanted: (namespace: string) => boolean = () => true): Promise<Readonly<Record<string, readonly string[]>>> {
  const { pods } = await listPodLogs({ root: disk.root, isWanted })
  return Object.fromEntries(
    [...pods].map(([key, { containers }]) => [key, containers.map(({ name, path }) => `${name} ${path.slice(disk.root.length)}`)]),
  )
}

describe('listPodLogs', () => {
  test('a glob for each container of each pod', async () => {
    disk.add(`default_web_${UID}`, 'main')
    disk.add(`default_web_${UID}`, 'init')
    disk.add('shop_db-0_u2', 'db')
    expect(await found()).toEqual({
      [`default_web_${UID}`]: [`init /pods/default_web_${UID}/init/*.log`, `main /pods/default_web_${UID}/main/*.log`],
      'shop_db-0_u2': ['db /pods/shop_db-0_u2/db/*.log'],
    })
  })

  test('what is no pod and no container is passed over', async () => {
    disk.add('nobody', 'main')
    writeFileSync(join(disk.root, 'pods', 'a_b_c'), 'no folder')
    disk.add(`default_web_${UID}`, 'a[b]')
    writeFileSync(join(disk.root, 'pods', `default_web_${UID}`, 'stray.log'), '')
    writeFileSync(join(disk.root, 'containers', 'stray.log'), '')
    expect(await found()).toEqual({ [`default_web_${UID}`]: [] })
  })

  test('namespaces that nobody wants are not looked into', async () => {
    disk.add('kube-system_dns_u', 'dns')
    disk.add('default_web_u', 'main')
    disk.link(`proxy_kube-system_proxy-${ID}.log`, '/dev/null')
    expect(Object.keys(await found((namespace) => namespace !== 'kube-system'))).toEqual(['default_web_u'])
  })

  test('links to files of a folder that is listed are no second way to them', async () => {
    disk.add('default_web_u', 'main')
    disk.link(`web_default_main-${ID}.log`, disk.fileOf('default_web_u', 'main'))
    expect(await found()).toEqual({ default_web_u: ['main /pods/default_web_u/main/*.log'] })
  })

  test('where there are links only, a target for each that leads somewhere, with the uid that it shows', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'clymene-docker-'))
    try {
      const real = join(elsewhere, 'pods', 'default_web_u7', 'main')
      mkdirSync(real, { recursive: true })
      writeFileSync(join(real, '0.log'), '')
      disk.link(`web_default_main-${ID}.log`, join(real, '0.log'))
      disk.link(`web_default_main-${OTHER}.log`, join(real, '0.log'))
      disk.link(`bare_default_main-${ID}.log`, '/dev/null')
      disk.link(`gone_default_main-${ID}.log`, join(elsewhere, 'nowhere'))
      writeFileSync(join(disk.root, 'containers', `plain_default_main-${ID}.log`), '')
      expect(await found()).toEqual({
        default_bare_: [`main /containers/bare_default_main-${ID}.log`],
        default_plain_: [`main /containers/plain_default_main-${ID}.log`],
        default_web_u7: [`main /containers/web_default_main-${ID}.log`, `main /containers/web_default_main-${OTHER}.log`],
      })
    } finally {
      rmSync(elsewhere, { recursive: true })
    }
  })

  test('a link that leads into the folder of another pod says no uid', async () => {
    disk.add('default_other_u1', 'main')
    disk.link(`web_default_main-${ID}.log`, disk.fileOf('default_other_u1', 'main'))
    expect(await found()).toEqual({
      default_other_u1: ['main /pods/default_other_u1/main/*.log'],
      default_web_: [`main /containers/web_default_main-${ID}.log`],
    })
  })

  test('a node without pods has neither folder', async () => {
    rmSync(join(disk.root, 'pods'), { recursive: true })
    rmSync(join(disk.root, 'containers'), { recursive: true })
    expect(await found()).toEqual({})
    // Where they will be.
    expect((await listPodLogs({ root: disk.root, isWanted: () => true })).folders).toEqual([disk.root])
  })

  test('where new pods and containers show is watched', async () => {
    disk.add('default_web_u', 'main')
    const { folders } = await listPodLogs({ root: disk.root, isWanted: () => true })
    expect(folders.map((folder) => folder.slice(disk.root.length))).toEqual(['/pods', '/containers', '/pods/default_web_u'])
  })

  test.each<[what: string, spoil: () => void]>([
    ['the root is not there', () => rmSync(disk.root, { recursive: true })],
    [
      'what should be a folder is none',
      () => {
        rmSync(join(disk.root, 'pods'), { recursive: true })
        writeFileSync(join(disk.root, 'pods'), '')
      },
    ],
  ])('%s: nobody knows what is there', async (_what, spoil) => {
    spoil()
    await expect(found()).rejects.toThrow(/ENOENT|ENOTDIR/)
  })
})
