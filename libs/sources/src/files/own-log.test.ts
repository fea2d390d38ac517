import { closeSync, openSync } from 'node:fs'

import type { Logger } from '@clymene/model'
import { silentLogger } from '@clymene/runtime'
import { expect, test } from 'vitest'

import { createOwnLog, tellOnce } from './own-log.ts'
import { createTestFolder } from './run-source.test-kit.ts'
import { fileAt } from './siblings.ts'

const NOWHERE = { device: '0', inode: '0' }
const ID = 'a1'.repeat(32)
const KUBELET = `
1465 1400 0:52 / / rw,relatime master:1 - overlay overlay rw
1480 1465 8:1 /var/lib/kubelet/pods/1b2c-3d/etc-hosts /etc/hosts rw,relatime - ext4 /dev/sda1 rw
1481 1465 8:1 /var/lib/kubelet/pods/1b2c-3d/containers/agent/0a9f8e7d /dev/termination-log rw,relatime - ext4 /dev/sda1 rw
`
const DOCKER = `1482 1465 8:1 /var/lib/docker/containers/${ID}/hostname /etc/hostname rw - ext4 /dev/sda1 rw`

test.each([
  [KUBELET, '/var/log/pods/clymene_agent-x7k_1b2c-3d/agent/0.log', true],
  [KUBELET, '/var/log/pods/clymene_agent-x7k_1b2c-3d/agent/12.log.20240101-000000.gz', true],
  [KUBELET, '/var/log/pods/clymene_agent-x7k_1b2c-3d/sidecar/0.log', false],
  [KUBELET, '/var/log/pods/clymene_agent-x7k_1b2c-3e/agent/0.log', false],
  [KUBELET, '/var/log/pods/clymene_agent-x7k_01b2c-3d/agent/0.log', false],
  [DOCKER, `/var/lib/docker/containers/${ID}/${ID}-json.log`, true],
  [DOCKER, `/var/lib/docker/containers/${ID.replace('a', 'b')}/x.log`, false],
  ['', '/var/log/pods/clymene_agent-x7k_1b2c-3d/agent/0.log', false],
  ['broken line', '/var/log/x.log', false],
])('mounts %j, %s: %s', (mounts, path, expected) => {
  expect(createOwnLog(mounts, [])(path, NOWHERE)).toBe(expected)
})

test('the file that a descriptor writes to, by whatever name', () => {
  const folder = createTestFolder()
  const fd = openSync(folder.path('agent.log'), 'w')
  try {
    const isOwn = createOwnLog('', [fd, 987_654])
    folder.append('other.log', '')
    expect(isOwn('/any/name', fileAt(folder.path('agent.log')) ?? NOWHERE)).toBe(true)
    expect(isOwn('/any/name', fileAt(folder.path('other.log')) ?? NOWHERE)).toBe(false)
  } finally {
    closeSync(fd)
    folder.remove()
  }
})

test('it is told once of a path, also when that gets another file', () => {
  const told: unknown[] = []
  const logger: Logger = { ...silentLogger, info: (_, fields) => void told.push(fields?.['path']) }
  const isOwn = tellOnce((path) => path === '/own', logger)
  expect([isOwn('/link', '/own', NOWHERE), isOwn('/link', '/other', NOWHERE), isOwn('/other', '/other', NOWHERE)]).toEqual([
    true,
    true,
    false,
  ])
  expect(told).toEqual(['/link'])
})
