import type { Interruption } from './agent.ts'
import type { WrittenLine } from './log-file.ts'
import type { Arrival } from './recorder.ts'

/** All that a verdict is made from. */
export type Evidence = {
  /** Every line of a lane, by its number less one. */
  readonly written: ReadonlyMap<string, readonly WrittenLine[]>
  readonly arrivals: readonly Arrival[]
  readonly interruptions: readonly Interruption[]
  /** A store is behind a real gateway: an entry of the same time and text is the one that it has. */
  readonly storeKnowsRepeats: boolean
}

export type Finding = {
  readonly what: 'missing' | 'order' | 'repeated' | 'strange' | 'stuck' | 'ended'
  readonly lane: string
  /** The first and the last line of a run of them; 0 where it is about none. */
  readonly from: number
  readonly to: number
  readonly text: string
}

export type Verdict = {
  readonly findings: readonly Finding[]
  readonly counts: {
    readonly arrived: number
    /** Entries of messages that came more than once, and of a time and text that came before. */
    readonly knownRepeats: number
    /** Lines that were read again after a kill, by kill in the order of time. */
    readonly repeatsOfKills: readonly number[]
    /** Lines that were sent again after a stop or reload because nobody knew what had become of them. */
    readonly repeatsOfUnknown: number
    /** What a copytruncate threw away between the copy and the cut. */
    readonly window: Loss
    /** Lines of files that were deleted under an agent that then ended. */
    readonly deleted: Loss
  }
}

export type Loss = { readonly lines: number; readonly bytes: number }

/** A busy machine notes what was acknowledged a little later than it was. */
const SLACK_MS = 2000

/** Every line once, in the order of its lane, but for what the faults explain. */
export function judge(evidence: Evidence): Verdict {
  const { written, arrivals, interruptions, storeKnowsRepeats } = evidence
  const kills = interruptions.filter(({ kind }) => kind === 'kill')
  const breaks = interruptions.filter(({ kind }) => kind !== 'pause')
  const lanes = new Map([...written.keys()].map((lane) => [lane, { max: 0, lastAt: new Map<number, Arrival>() }]))
  const runs = createRuns()
  const messages = new Set<string>()
  const entriesSeen = new Set<string>()
  const repeatsOfKills = kills.map(() => 0)
  let [arrived, knownRepeats, repeatsOfUnknown] = [0, 0, 0]

  /** What allows a line to come again; a number is the kill. */
  const excuse = (before: Arrival, now: Arrival): number | 'unknown' | undefined => {
    const between = ({ atMs }: Interruption): boolean => atMs >= before.atMs && atMs <= now.atMs
    const kill = kills.findLastIndex((one) => between(one) && before.atMs >= (one.savedMs ?? 0) - SLACK_MS)
    if (kill !== -1) return kill
    return !before.answered && breaks.some((one) => between(one) || (one.atMs <= before.atMs && (one.untilMs ?? Infinity) >= before.atMs))
      ? 'unknown'
      : undefined
  }
  for (const arrival of arrivals) {
    if (arrival.message !== '' && messages.has(arrival.message)) {
      knownRepeats += arrival.entries.length
      continue
    }
    messages.add(arrival.message)
    for (const { lane, number, timestampNs } of arrival.entries) {
      const state = lanes.get(lane)
      if (state === undefined || number < 1 || number > (written.get(lane)?.length ?? 0)) {
        runs.add('strange', lane, number, arrival.atMs, 'nobody wrote it')
        continue
      }
      arrived++
      const before = state.lastAt.get(number)
      if (storeKnowsRepeats) {
        const identity = `${lane} ${number} ${timestampNs}`
        const isKnown = entriesSeen.has(identity)
        entriesSeen.add(identity)
        if (isKnown) {
          knownRepeats++
          continue
        }
      }
      if (before !== undefined) {
        const why = excuse(before, arrival)
        if (why === undefined)
          runs.add(
            'repeated',
            lane,
            number,
            arrival.atMs,
            `came ${arrival.atMs - before.atMs} ms before, ${before.answered ? 'acknowledged' : 'not acknowledged'}`,
          )
        else if (why === 'unknown') repeatsOfUnknown++
        else repeatsOfKills[why] = (repeatsOfKills[why] ?? 0) + 1
      } else if (number < state.max) runs.add('order', lane, number, arrival.atMs, `came for the first time after ${state.max}`)
      state.lastAt.set(number, arrival)
      state.max = Math.max(state.max, number)
    }
  }
  const losses = { window: none(), deleted: none() }
  for (const [lane, lines] of written) {
    const hasArrived = (number: number): boolean => lanes.get(lane)?.lastAt.has(number) === true
    for (const line of lines) {
      if (hasArrived(line.number)) continue
      const loss = lossOf(line, breaks)
      if (loss === undefined)
        runs.add('missing', lane, line.number, line.atMs, `of ${line.generation.path}, inode ${line.generation.inode}`)
      else {
        losses[loss].lines++
        losses[loss].bytes += line.bytes
      }
    }
  }
  return { findings: runs.findings(), counts: { arrived, knownRepeats, repeatsOfKills, repeatsOfUnknown, ...losses } }
}

const none = (): { lines: number; bytes: number } => ({ lines: 0, bytes: 0 })

/** What has taken a line away that nobody could have kept; undefined: it should be there. */
function lossOf({ generation, inWindow }: WrittenLine, breaks: readonly Interruption[]): 'window' | 'deleted' | undefined {
  // What was cut before it was read stands in the copy.
  if (generation.truncatedMs !== undefined) return inWindow ? 'window' : undefined
  const { deletedMs } = generation
  if (deletedMs !== undefined && breaks.some(({ untilMs = Infinity }) => untilMs >= deletedMs)) return 'deleted'
  return undefined
}

/** Findings of lines that follow each other are one. */
function createRuns() {
  const found: { what: Finding['what']; lane: string; from: number; to: number; text: string; atMs: number }[] = []
  const open = new Map<string, (typeof found)[number]>()
  return {
    add: (what: Finding['what'], lane: string, number: number, atMs: number, text: string): void => {
      const run = open.get(`${what} ${lane}`)
      if (run !== undefined && number === run.to + 1) {
        run.to = number
        return
      }
      const begun = { what, lane, from: number, to: number, text, atMs }
      open.set(`${what} ${lane}`, begun)
      found.push(begun)
    },
    findings: (): readonly (Finding & { readonly atMs: number })[] => found,
  }
}
