import { basename } from 'node:path'

import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files of half a minute and more, longest first: begun last, one of them would keep a worker busy when the others have nothing left. */
const LONG = [
  'guide.test.ts',
  'lab.test.ts',
  'kubernetes-discovery.test.ts',
  'chaos.test.ts',
  'credentials.test.ts',
  'bus-kafka.test.ts',
  'rolling-restart.test.ts',
  'dashboards.test.ts',
  'pipeline.test.ts',
  'prometheus-comparison.test.ts',
  'elasticsearch.test.ts',
  'agent-buffer.test.ts',
  'simulation.test.ts',
]

const placeOf = ({ moduleId }: TestSpecification): number => {
  const place = LONG.indexOf(basename(moduleId))
  return place === -1 ? LONG.length : place
}

/** The long ones in that order, then the rest as vitest likes it. On a fresh clone nothing is known of earlier runs. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- it is no array's
    const usual = await super.sort(files)
    return usual.toSorted((a, b) => placeOf(a) - placeOf(b))
  }
}
