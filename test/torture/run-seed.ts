import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { startTorturedAgent, type TorturedAgent } from './agent.ts'
import { startRealGateway } from './gateway.ts'
import { createHistory, type History } from './history.ts'
import { injectAll } from './inject.ts'
import { judge, type Finding, type Verdict } from './judge.ts'
import type { Plan } from './plan.ts'
import { startRecorder, type Recorder } from './recorder.ts'
import { createWriters, type Writers } from './writers.ts'

export type SeedOptions = {
  readonly plan: Plan
  readonly loadMs: number
  /** Where the log of the agent is kept when something was found. */
  readonly keepIn: string
}

export type SeedReport = {
  readonly plan: Plan
  readonly findings: readonly Finding[]
  /** What was done around the first findings. */
  readonly history: readonly string[]
  readonly counts: Verdict['counts'] & { readonly written: number; readonly rotations: number; readonly lostBytesTold: number }
  readonly seconds: number
  readonly keptIn?: string
}

/** One seed from an empty folder to the verdict. Throws only when the world itself cannot be made. */
export async function runSeed({ plan, loadMs, keepIn }: SeedOptions): Promise<SeedReport> {
  const began = performance.now()
  const history = createHistory()
  const directory = mkdtempSync(join(tmpdir(), `clymene-torture-${plan.seed}-`))
  const recorder = await startRecorder(plan.format)
  const gateway = plan.way === 'gateway' ? await startRealGateway(recorder.url) : undefined
  const writers = createWriters({ plan, directory, recorder, history })
  const logsUrl = gateway?.logsUrl ?? `${recorder.url}/api/logs`
  const agent = await startTorturedAgent({ plan, directory: join(directory, 'agent'), logsUrl, globs: writers.globs, history })
  try {
    history.begin()
    await Promise.all([writers.run(loadMs, agent), injectAll(plan.faults, { agent, recorder, gateway, history })])
    const stuck = await drained({ agent, recorder, writers, history })
    const { findings, counts } = judge({
      written: writers.written(),
      arrivals: recorder.arrivals,
      interruptions: agent.interruptions,
      storeKnowsRepeats: gateway !== undefined,
    })
    const all = [...stuck, ...strangeOf(recorder), ...findings]
    const lines = [...writers.written().values()].reduce((sum, { length }) => sum + length, 0)
    const report = {
      plan,
      findings: all,
      history: all.slice(0, SHOWN).flatMap((finding) => historyOf(finding, writers, history)),
      counts: { ...counts, written: lines, rotations: writers.rotations(), lostBytesTold: agent.lostBytes() },
      seconds: (performance.now() - began) / 1000,
    }
    return all.length === 0 ? report : { ...report, keptIn: keep(agent, directory, join(keepIn, `seed-${plan.seed}`)) }
  } finally {
    await agent.service.stop()
    await gateway?.stop()
    gateway?.remove()
    await recorder.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

const SHOWN = 4
/** Nothing new for so long: nothing more comes. An agent that has just been started on a starved machine has sent nothing for seven seconds. */
const QUIET_MS = 20_000
const GIVE_UP_MS = 120_000

type Draining = { readonly agent: TorturedAgent; readonly recorder: Recorder; readonly writers: Writers; readonly history: History }

/** Waits until everything has come, or nothing comes any more; then the agent is stopped in its own order, and hands over what it holds. */
async function drained({ agent, recorder, writers, history }: Draining): Promise<readonly Finding[]> {
  const until = Date.now() + GIVE_UP_MS
  const written = writers.written()
  const missing = (): number =>
    [...written.values()].reduce(
      (sum, lines) => sum + lines.filter(({ lane, number, inWindow }) => !inWindow && !recorder.hasArrived(lane, number)).length,
      0,
    )
  const endMs = Date.now()
  for (let left = missing(); left > 0; left = missing()) {
    await sleep(100)
    const quietMs = Date.now() - Math.max(endMs, recorder.arrivals.at(-1)?.atMs ?? 0)
    if (quietMs > QUIET_MS || Date.now() > until) break
  }
  const ended = isAlive(agent.service.pid) ? [] : [about('ended', 'the agent ended by itself')]
  history.add(`drained with ${missing()} lines that have not come`)
  const cameMs = recorder.arrivals.at(-1)?.atMs ?? 0
  await agent.service.halt()
  if (Date.now() <= until) return ended
  return [...ended, about('stuck', `lines were still coming ${GIVE_UP_MS / 1000} s after the load, the last ${Date.now() - cameMs} ms ago`)]
}

const about = (what: Finding['what'], text: string): Finding => ({ what, lane: '0', from: 0, to: 0, text })

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const strangeOf = ({ strange }: Recorder): readonly Finding[] =>
  strange.map(({ atMs, text, filename, after }) => {
    const [, lane = after?.lane ?? '0', number = String(after?.number ?? 0)] = /^#(\d+[oe]?) (\d+)/.exec(text) ?? []
    const shown = JSON.stringify(text.length > 200 ? `${text.slice(0, 120)}…${text.slice(-60)}` : text)
    const where = `${filename}, after ${after === undefined ? 'nothing' : `${after.lane} ${after.number}`}, came ${new Date(atMs).toISOString()}`
    return { what: 'strange', lane, from: Number(number), to: Number(number), text: `nobody wrote ${shown} in ${where}` }
  })

/** How much of what was done is shown around a finding. */
const BEFORE_MS = 3000
const AFTER_MS = 1500

function historyOf({ what, lane, from, to }: Finding, writers: Writers, history: History): readonly string[] {
  const lines = writers.written().get(lane) ?? []
  const [first, last] = [lines[from - 1], lines[to - 1]]
  if (first === undefined) return []
  return [
    `${what} ${lane} ${from}–${to}, written from ${new Date(first.atMs).toISOString()}:`,
    ...history.around(writers.fileOf(lane), first.atMs - BEFORE_MS, (last ?? first).atMs + AFTER_MS).map((event) => `  ${event}`),
  ]
}

function keep(agent: TorturedAgent, directory: string, into: string): string {
  mkdirSync(into, { recursive: true })
  cpSync(join(agent.service.directory, 'engine.log'), join(into, 'agent.log'))
  cpSync(join(directory, 'agent'), join(into, 'agent'), { recursive: true })
  return into
}
