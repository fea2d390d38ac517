import { expect, test } from 'vitest'

import { createMetrics } from './metrics.ts'
import { readVersion, tellBuild } from './version.ts'

test('the version is that of the image, else of the package', () => {
  expect(readVersion({ CLYMENE_VERSION: '1.2.3', CLYMENE_BUILD_TIME: 'then' })).toEqual({ version: '1.2.3', buildTime: 'then' })
  expect(readVersion({})).toEqual({ version: expect.stringMatching(/^\d+\.\d+\.\d+/), buildTime: '' })
})

test('own metrics say which service they are of', async () => {
  const metrics = createMetrics()
  tellBuild(metrics, 'promtail-gateway', { version: '1.2.3', buildTime: '' })
  expect(await metrics.registry.metrics()).toContain('clymene_build_info{service="promtail-gateway",version="1.2.3"} 1')
})
