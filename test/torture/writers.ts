import { join } from 'node:path'

import { createRandom } from '../chaos/random.ts'
import type { TorturedAgent } from './agent.ts'
import type { History } from './history.ts'
import { lanesOf } from './lines.ts'
import { createLogFile, type LogFile, type WrittenLine } from './log-file.ts'
import type { Plan } from './plan.ts'
import type { Recorder } from './recorder.ts'

/** Everything that writes, rotates and deletes log files. */
export type Writers = {
  /** Globs that find all files. */
  readonly globs: readonly string[]
  /** Writes until the load is over; resolves then. */
  readonly run: (loadMs: number, agent: TorturedAgent) => Promise<void>
  /** Every line of a lane, by its number less one. */
  readonly written: () => ReadonlyMap<string, readonly WrittenLine[]>
  readonly rotations: () => number
  /** Index of the file of a lane. */
  readonly fileOf: (lane: string) => number
}

export type WritersOptions = { readonly plan: Plan; readonly directory: string; readonly recorder: Recorder; readonly history: History }

const TICK_MS = 10
/** What a tick that comes late makes up for at most. */
const MOST_TICKS = 20
const SHORT_LIFE_MS = 1000
/** Names of files that come later begin here. */
const FIRST_SHORT_LIVED = 1000

export function createWriters({ plan, directory, recorder, history }: WritersOptions): Writers {
  const random = createRandom(plan.seed + 1)
  const pods = join(directory, 'pods')
  const containers = join(directory, 'containers')
  const plain = join(directory, 'plain')
  const files = new Map<number, LogFile>()
  const common = { format: plan.format, history, hasArrived: recorder.hasArrived }
  const add = (index: number, rotation: Plan['files'][number]['rotation']): LogFile => {
    const isPod = rotation === 'kubelet'
    const pod = `torture_web-${index}_u${index}`
    const file = createLogFile({
      ...common,
      index,
      rotation,
      path: isPod ? join(pods, pod, 'web', '0.log') : join(plain, `app-${index}.log`),
      ...(isPod && plan.links && { link: join(containers, `web-${index}_torture_web-${index}.log`) }),
    })
    files.set(index, file)
    return file
  }
  const lanes = (index: number): readonly string[] => lanesOf(plan.format, index)
  const lastArrivalMs = (index: number): number => Math.max(...lanes(index).map(recorder.lastArrivalMs))
  const hasAll = (file: LogFile): boolean =>
    file.generations.every(({ lines }) => lines.every(({ lane, number }) => recorder.hasArrived(lane, number)))

  /** Whether the agent that runs now has the file open, as far as can be known: it has sent of it since it began. */
  const isHeld = (index: number, { interruptions }: TorturedAgent): boolean => {
    const began = Math.max(0, ...interruptions.map(({ untilMs = Infinity }) => untilMs))
    return plan.way === 'recorder' && lastArrivalMs(index) > began
  }
  return {
    globs: [join(pods, '*/*/*.log'), ...(plan.links ? [join(containers, '*.log')] : []), join(plain, '*.log')],
    run: async (loadMs, agent) => {
      for (const [index, { rotation }] of plan.files.entries()) add(index, rotation)
      const startMs = performance.now()
      const rotateAt = plan.files.map(({ rotateEveryMs }) => random.between(0, rotateEveryMs))
      const shortLived: { readonly index: number; readonly file: LogFile; readonly untilMs: number }[] = []
      const bornAt = Array.from({ length: plan.shortLived }, () => random.between(0, Math.max(0, loadMs - 2 * SHORT_LIFE_MS)))
      let writtenLines = 0
      for (let turn = 0; ; turn++) {
        await new Promise((resolve) => setTimeout(resolve, TICK_MS))
        const nowMs = performance.now() - startMs
        if (nowMs >= loadMs) break
        while (shortLived.length < bornAt.length && (bornAt[shortLived.length] ?? 0) <= nowMs) {
          const index = FIRST_SHORT_LIVED + shortLived.length
          shortLived.push({ index, file: add(index, 'kubelet'), untilMs: nowMs + SHORT_LIFE_MS })
        }
        for (const { index, file, untilMs } of shortLived) {
          if (nowMs < untilMs) file.write(random.between(0, 3))
          else if (file.generations.every(({ deletedMs }) => deletedMs === undefined) && (isHeld(index, agent) || hasAll(file)))
            file.remove()
        }
        const due = Math.min((plan.linesPerSecond * nowMs) / 1000 - writtenLines, (plan.linesPerSecond * TICK_MS * MOST_TICKS) / 1000)
        // A writer at a time: bursts of many lines, as programs write them.
        const writing = files.get(turn % plan.files.length)
        if (due >= 1) writing?.write(Math.floor(due))
        writtenLines += Math.floor(Math.max(0, due))
        for (const [index, { rotateEveryMs }] of plan.files.entries()) {
          if (nowMs < (rotateAt[index] ?? 0)) continue
          rotateAt[index] = nowMs + random.between(rotateEveryMs / 2, rotateEveryMs * 1.5)
          files.get(index)?.rotate()
        }
      }
    },
    written: () => {
      const written = new Map<string, WrittenLine[]>()
      for (const [index, { generations }] of files) {
        for (const lane of lanes(index)) written.set(lane, [])
        for (const { lines } of generations) for (const line of lines) written.get(line.lane)?.push(line)
      }
      return written
    },
    rotations: () => [...files.values()].reduce((sum, { generations }) => sum + generations.length - 1, 0),
    fileOf: (lane) => Number.parseInt(lane, 10),
  }
}
