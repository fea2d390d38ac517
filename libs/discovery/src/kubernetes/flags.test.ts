import { parseFlags } from '@clymene/runtime'
import { expect, test } from 'vitest'

import { API_TIMEOUTS } from './api-server.ts'
import { kubernetesFlags, watchesOptionsOf } from './flags.ts'
import { MIRROR_LIMITS } from './mirror.ts'

const optionsOf = (...argv: readonly string[]) => watchesOptionsOf(parseFlags(kubernetesFlags, argv, {}).values)

test('what no flag says is what the code says', () => {
  const { limits, timeouts, batchMs } = optionsOf()
  expect(MIRROR_LIMITS).toMatchObject(limits ?? {})
  expect(API_TIMEOUTS).toMatchObject(timeouts ?? {})
  expect(batchMs).toBe(300)
})

test.each<[flag: string, expected: object]>([
  ['--discovery.kubernetes.max-object-bytes=2MiB', { limits: { objectBytes: 2 * 1024 * 1024 } }],
  ['--discovery.kubernetes.max-page-bytes=1MiB', { limits: { pageBytes: 1024 * 1024 } }],
  ['--discovery.kubernetes.max-backoff=2m', { limits: { backoffMs: [1000, 120_000] } }],
  ['--discovery.kubernetes.silence-timeout=90s', { timeouts: { silenceMs: 90_000 } }],
  ['--discovery.kubernetes.batch-interval=1s', { batchMs: 1000 }],
])('%s', (flag, expected) => {
  expect(optionsOf(flag)).toMatchObject(expected)
})

test.each([
  ['--discovery.kubernetes.max-object-bytes=1', /max-object-bytes.*1024/],
  ['--discovery.kubernetes.silence-timeout=1ms', /silence-timeout.*1000/],
  ['--discovery.kubernetes.max-backoff=0s', /max-backoff.*1000/],
])('%s is refused', (flag, message) => {
  expect(() => optionsOf(flag)).toThrow(message)
})
