import { createRandom, type Random } from './random.ts'

export const SERVICES = ['agent', 'gateway', 'ingester-1', 'ingester-2'] as const
export type ServiceActor = (typeof SERVICES)[number]
export const STORES = ['prometheus', 'loki', 'elasticsearch'] as const
export type StoreName = (typeof STORES)[number]
export type Actor = ServiceActor | StoreName | 'kafka'

/** What an answer is turned into: `lost` passes the write on and cuts the connection instead of answering. */
export const ANSWERS = ['429', '500', 'hang', 'reset', 'lost', '401'] as const
/** By 401 a gateway would refuse for good what senders of others send. */
const ANSWERS_OF_GATEWAY = ANSWERS.slice(0, -1)
export type Answer = (typeof ANSWERS)[number]

/** All that a fault may be. `atMs` counts from the begin of the load, `forMs` until it is mended. */
export type Fault = { readonly atMs: number; readonly forMs: number } & (
  | { readonly kind: 'kill' | 'pause'; readonly on: Actor }
  | { readonly kind: 'answers'; readonly on: StoreName | 'gateway'; readonly answer: Answer }
  /** One more ingester comes and goes. */
  | { readonly kind: 'rebalance'; readonly on: 'ingester-3' }
  /** The small disk of the agent's buffer has no byte left. */
  | { readonly kind: 'full-disk'; readonly on: 'disk' }
  /** The wall clock of a service jumps and stays there; `byMs` may be negative. */
  | { readonly kind: 'clock'; readonly on: ServiceActor; readonly byMs: number }
)

export type PlanOptions = {
  readonly seed: number
  readonly faults: number
  /** The load lasts so long; every fault is over by then. */
  readonly loadMs: number
  /** How long a member of a consumer group may be silent: pauses are longer. */
  readonly sessionTimeoutMs: number
  /** Kinds that cannot be made on this machine. */
  readonly without?: readonly Fault['kind'][]
}

/** When the first fault may come, and how long before the end of the load the last one is over. */
const MARGIN_MS = 1000
const HOUR_MS = 3_600_000
/** Prometheus refuses what is more than ten minutes ahead. */
const AGENT_JUMP_MS = 120_000

/**
 * The faults of a seed, in the order in which they come. Two of them overlap, none has another one of the same actor, and an actor
 * that is to keep up is never hit at the very end.
 */
export function planOf(options: PlanOptions): readonly Fault[] {
  const random = createRandom(options.seed)
  const faults: Fault[] = []
  while (faults.length < options.faults) {
    // The next one begins while the first that lasts does.
    const lasting = faults.find(({ forMs }) => forMs > 0)
    const within = lasting !== undefined && !faults.some((other) => other !== lasting && meet(lasting, other)) ? lasting : undefined
    const fault = draw(random, options, within)
    if (faults.every((other) => !excludes(other, fault))) faults.push(fault)
  }
  return faults.toSorted((a, b) => a.atMs - b.atMs)
}

/** Kinds as often as they are worth: crashes and pauses have the most to hit. */
const KINDS: readonly Fault['kind'][] = [
  'kill',
  'kill',
  'kill',
  'pause',
  'pause',
  'answers',
  'answers',
  'answers',
  'rebalance',
  'full-disk',
  'clock',
]

function draw(random: Random, options: PlanOptions, within: Fault | undefined): Fault {
  const { loadMs, sessionTimeoutMs, without = [] } = options
  const kind = random.pick(KINDS.filter((name) => !without.includes(name)))
  const forMs = kind === 'pause' ? random.between(sessionTimeoutMs + 500, sessionTimeoutMs + 2500) : random.between(500, 4000)
  const latest = loadMs - MARGIN_MS - forMs
  // A clock jumps in a moment: pushed back to where a longer fault would have to begin it could come before the first one.
  const latestWithin = kind === 'clock' ? loadMs - MARGIN_MS : latest
  const atMs =
    within === undefined
      ? random.between(MARGIN_MS, latest)
      : Math.min(latestWithin, random.between(within.atMs, within.atMs + within.forMs - 1))
  const when = { atMs, forMs }
  switch (kind) {
    case 'kill':
    case 'pause':
      return { ...when, kind, on: random.pick<Actor>([...SERVICES, ...STORES, 'kafka']) }
    case 'answers': {
      const on = random.pick([...STORES, 'gateway'] as const)
      return { ...when, kind, on, answer: random.pick(on === 'gateway' ? ANSWERS_OF_GATEWAY : ANSWERS) }
    }
    case 'rebalance':
      return { ...when, kind, on: 'ingester-3' }
    case 'full-disk':
      return { ...when, kind, on: 'disk' }
    case 'clock':
      break
  }
  const on = random.pick(SERVICES)
  // What an agent stamped must not lie before what it stamped earlier: Prometheus refuses that, and rightly.
  const byMs = on === 'agent' ? random.between(1000, AGENT_JUMP_MS) : random.between(-HOUR_MS, HOUR_MS)
  return { ...when, forMs: 0, kind, on, byMs }
}

/** A clock that was moved ahead twice may have gone back in between: an agent's is moved once. */
const excludes = (a: Fault, b: Fault): boolean =>
  a.on === b.on && (!isApart(a, b) || (a.on === 'agent' && a.kind === 'clock' && b.kind === 'clock'))

const meet = (a: Fault, b: Fault): boolean => a.atMs <= b.atMs + b.forMs && b.atMs <= a.atMs + a.forMs

/** Some time between two faults of one actor, so that it is up again. */
const isApart = (a: Fault, b: Fault): boolean => a.atMs + a.forMs + APART_MS < b.atMs || b.atMs + b.forMs + APART_MS < a.atMs
const APART_MS = 2500

/** As `kill ingester-1 3.2 s +1.4 s`. */
export function describeFault(fault: Fault): string {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
  const what =
    fault.kind === 'answers'
      ? `${fault.on} answers ${fault.answer}`
      : fault.kind === 'clock'
        ? `clock ${fault.on} by ${seconds(fault.byMs)}`
        : `${fault.kind} ${fault.on}`
  return `${what} at ${seconds(fault.atMs)}${fault.forMs === 0 ? '' : ` for ${seconds(fault.forMs)}`}`
}
