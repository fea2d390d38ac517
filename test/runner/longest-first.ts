import { basename } from 'node:path'

import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files of a quarter of a minute and more, longest first, those of e2e, then those of units: begun last, one of them would keep a worker busy when the others have nothing left. */
const LONG = [
  'guide.test.ts',
  'kubernetes-discovery.test.ts',
  'dashboards.test.ts',
  'credentials.test.ts',
  'chaos.test.ts',
  'lab.test.ts',
  'clean-clone.test.ts',
  'kubernetes-nodes.test.ts',
  'bus-kafka.test.ts',
  'manifests.test.ts',
  'kubernetes-events.test.ts',
  'pipeline.test.ts',
  'rolling-restart.test.ts',
  'prometheus-comparison.test.ts',
  'bus-kafka-producer.test.ts',
  'kubernetes-pod-logs.test.ts',
  'elasticsearch.test.ts',
  'all-in-one-stop.test.ts',
  'engines.test.ts',
  'all-in-one-bounds.test.ts',
  'all-in-one-stores.test.ts',
  'all-in-one-page.test.ts',
  'all-in-one-kill.test.ts',
  'agent-buffer.test.ts',
  'scrape-source.test.ts',
  'image-files.test.ts',
  'simulation.test.ts',
  'command-line.test.ts',
  'processes.test.ts',
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
