import { configDefaults, defineConfig } from 'vitest/config'

import { LongestFirst } from './test/runner/longest-first.ts'
import { REPLACES_MODULES } from './test/runner/replaces-modules.ts'

const unit = {
  include: [
    '{libs,services}/*/{src,page}/**/*.test.ts',
    'grafana/src/**/*.test.ts',
    'tools/**/*.test.ts',
    'test/{architecture,chaos,contract,dashboards,docs,engines,fuzz,helm,images,manifests,rules,runner,simulation,torture}/**/*.test.ts',
  ],
  // Nothing waits for luck; a test that starts processes has to have time on a busy machine.
  testTimeout: 90_000,
  maxWorkers: 3,
}

// `unit` and `unit-apart` need nothing but Node; `e2e` starts real engines and services.
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      // The files of a worker share their modules: to load them for each anew is half of the CPU time of all unit tests.
      {
        test: {
          ...unit,
          name: 'unit',
          exclude: [...configDefaults.exclude, ...REPLACES_MODULES],
          isolate: false,
          globalSetup: 'test/runner/lay-out-command-line.ts',
        },
      },
      { test: { ...unit, name: 'unit-apart', include: [...REPLACES_MODULES] } },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          // A process for each file, and its modules anew, would be half a second of CPU time each.
          isolate: false,
          // Three side by side: most of their time is waiting for conditions.
          maxWorkers: 3,
        },
      },
    ],
  },
})
