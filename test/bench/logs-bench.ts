import type { Bench } from './bench.ts'
import { LINE_BYTES, type LineForm } from './log-lines.ts'
import { createLogWorld } from './log-world.ts'
import { usageOf } from './usage.ts'

type Work = { readonly name: string; readonly form: LineForm; readonly stages: readonly unknown[] }

const FILES = 50
/** What a file has before it counts: engines get warm, and the files are open. */
const WARM_UP_LINES = 10_000
/** A second's worth, about, of the quickest: so that each run has work for the seconds that it is to take. */
const LINES_A_SECOND = 6000
const GIVE_UP_SECONDS = 300

const WORKS: readonly Work[] = [
  { name: 'logs: cri', form: 'text', stages: [{ cri: {} }] },
  { name: 'logs: cri, labels', form: 'text', stages: [{ cri: {} }, { labels: { stream: '' } }] },
  {
    name: 'logs: cri, json, regex, labels',
    form: 'json',
    stages: [
      { cri: {} },
      { json: { expressions: { level: '', message: 'msg' } } },
      { regex: { source: 'message', expression: '^(?P<method>[A-Z]+) (?P<path>\\S+) request=(?P<request>\\d+)' } },
      { labels: { level: '', method: '' } },
    ],
  },
]

/** Files → stages → batches → acknowledged by a gateway, bytes of log. */
export const logsBenches = (): readonly Bench[] =>
  WORKS.map((work): Bench => ({
    name: work.name,
    unit: 'bytes',
    run: (seconds) => measure(work, seconds),
    close: () => Promise.resolve(),
  }))

async function measure({ form, stages }: Work, seconds: number) {
  const world = await createLogWorld({ files: FILES, form, stages })
  try {
    world.append(WARM_UP_LINES)
    await world.delivered(GIVE_UP_SECONDS)
    const before = usageOf(world.agent.pid)
    const start = world.lines()
    world.append(LINES_A_SECOND * seconds)
    await world.delivered(GIVE_UP_SECONDS)
    const after = usageOf(world.agent.pid)
    return {
      count: (world.lines() - start) * LINE_BYTES,
      cpuSeconds: after.cpuSeconds - before.cpuSeconds,
      peakBytes: after.peakBytes,
    }
  } finally {
    await world.close()
  }
}
