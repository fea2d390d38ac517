import { createRandom, type Random } from '../chaos/random.ts'
import type { Format } from './lines.ts'

/** How a file makes room for the next one. */
export const ROTATIONS = ['rename', 'shift', 'kubelet', 'copytruncate'] as const
export type Rotation = (typeof ROTATIONS)[number]

/** What the agent sends to: a recorder in a gateway's place, or a real gateway before the embedded bus, with the recorder as its Loki. */
export type Way = 'recorder' | 'gateway'

export const ANSWERS = ['503', 'reset', 'hang', 'lost', 'away'] as const
export type Answer = (typeof ANSWERS)[number]

/** `atMs` counts from the begin of the load, `forMs` until it is mended: what was killed is started again then. */
export type Fault = { readonly atMs: number; readonly forMs: number } & (
  | { readonly kind: 'kill' | 'pause' | 'restart'; readonly on: 'agent' | 'gateway' }
  | { readonly kind: 'reload'; readonly on: 'agent'; readonly by: 'post' | 'file' }
  | { readonly kind: 'answers'; readonly on: 'recorder'; readonly answer: Answer }
)

export type FilePlan = { readonly rotation: Rotation; readonly rotateEveryMs: number }

export type Plan = {
  readonly seed: number
  readonly way: Way
  readonly format: Format
  readonly files: readonly FilePlan[]
  /** Files that come, are written for a second and go again. */
  readonly shortLived: number
  /** Lines a second of all files together. */
  readonly linesPerSecond: number
  /** Pods are named by the links in a folder of their own, too: one file has two names then. */
  readonly links: boolean
  readonly agent: { readonly streams: number; readonly batchBytes: number; readonly batchWaitMs: number; readonly searchEveryS: number }
  readonly faults: readonly Fault[]
}

export type PlanOptions = { readonly seed: number; readonly faults: number; readonly loadMs: number }

/** One seed in so many has a real gateway. */
const GATEWAY_EVERY = 4

export function planOf({ seed, faults, loadMs }: PlanOptions): Plan {
  // Seeds that follow each other begin far apart.
  const random = createRandom(Math.imul(seed, 0x9e3779b1))
  const way = seed % GATEWAY_EVERY === 0 ? 'gateway' : 'recorder'
  // Behind a gateway a line that was read again is known by its time.
  const format = random.pick<Format>(
    way === 'gateway' ? ['cri', 'cri-partial', 'json'] : ['plain', 'cri', 'cri-partial', 'json', 'multiline'],
  )
  const files = Array.from({ length: random.pick([4, 8, 40]) }, (): FilePlan => {
    const rotation = random.pick(ROTATIONS)
    return { rotation, rotateEveryMs: random.between(200, 800) }
  })
  return {
    seed,
    way,
    format,
    files,
    shortLived: random.between(2, 6),
    linesPerSecond: random.pick([2000, 8000, 20_000]),
    links: random.next() < 0.5,
    agent: {
      streams: random.pick([1, 2, 4]),
      batchBytes: random.pick([32 * 1024, 256 * 1024, 1024 * 1024]),
      batchWaitMs: random.pick([50, 250, 1000]),
      searchEveryS: random.pick([1, 10]),
    },
    faults: drawFaults(random, way, faults, loadMs),
  }
}

/** In the order in which they come. Those of one actor do not meet; those of two may. */
function drawFaults(random: Random, way: Way, count: number, loadMs: number): readonly Fault[] {
  const faults: Fault[] = []
  for (let tries = 0; faults.length < count && tries < count * 50; tries++) {
    const fault = draw(random, way, loadMs)
    if (faults.every((other) => other.on !== fault.on || isApart(other, fault))) faults.push(fault)
  }
  return faults.toSorted((a, b) => a.atMs - b.atMs)
}

function draw(random: Random, way: Way, loadMs: number): Fault {
  const kind = random.pick<Fault['kind']>(['kill', 'kill', 'pause', 'restart', 'reload', 'answers', 'answers'])
  const forMs = random.between(300, 3500)
  const when = { atMs: random.between(500, Math.max(501, loadMs - forMs - 500)), forMs }
  if (kind === 'reload') return { ...when, forMs: 0, kind, on: 'agent', by: random.pick(['post', 'file'] as const) }
  if (kind === 'answers') return { ...when, kind, on: 'recorder', answer: random.pick(ANSWERS) }
  return { ...when, kind, on: way === 'gateway' ? random.pick(['agent', 'gateway'] as const) : 'agent' }
}

/** So long an actor is left alone between two faults. */
const APART_MS = 700
const isApart = (a: Fault, b: Fault): boolean => a.atMs + a.forMs + APART_MS < b.atMs || b.atMs + b.forMs + APART_MS < a.atMs

/** As `kill agent 3.2 s +1.4 s`. */
export function describeFault(fault: Fault): string {
  const seconds = (ms: number): string => (ms / 1000).toFixed(1)
  const what =
    fault.kind === 'answers' ? `recorder ${fault.answer}` : fault.kind === 'reload' ? `reload by ${fault.by}` : `${fault.kind} ${fault.on}`
  return `${what} ${seconds(fault.atMs)} s${fault.forMs === 0 ? '' : ` +${seconds(fault.forMs)} s`}`
}

/** The world of a seed in a line. */
export function describePlan({ way, format, files, shortLived, linesPerSecond, links, agent }: Plan): string {
  const kinds = ROTATIONS.map((kind) => `${files.filter(({ rotation }) => rotation === kind).length} ${kind}`).join(', ')
  return `${way}, ${format}, ${kinds}, ${shortLived} short-lived${links ? ', links' : ''}, ${linesPerSecond} lines/s, ${agent.streams} streams, batches ${agent.batchBytes / 1024} KiB ${agent.batchWaitMs} ms, search ${agent.searchEveryS} s`
}
