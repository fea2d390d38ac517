import { defineConfig } from 'vitest/config'

import { LongestFirst } from './test/runner/longest-first.ts'

// `unit` needs nothing but Node; `e2e` starts real engines and services.
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{libs,services}/*/{src,page}/**/*.test.ts',
            'grafana/src/**/*.test.ts',
            'tools/**/*.test.ts',
            'test/{architecture,chaos,contract,dashboards,engines,fuzz,manifests,runner,simulation,torture}/**/*.test.ts',
          ],
          testTimeout: 30_000,
          maxWorkers: 3,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          // Three side by side: most of their time is waiting for conditions.
          maxWorkers: 3,
        },
      },
    ],
  },
})
