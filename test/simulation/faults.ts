import { RetryableError } from '@clymene/model'

export const WRITE_FAULT_NAMES = [
  'away',
  'asks to wait',
  'wrong credential',
  'fails before',
  'fails after',
  'answer lost',
  'hangs',
  'hangs for nothing',
] as const
export type WriteFault = (typeof WRITE_FAULT_NAMES)[number]

export const PRODUCE_FAULT_NAMES = ['away', 'answer lost'] as const
export type ProduceFault = (typeof PRODUCE_FAULT_NAMES)[number]

/** What goes wrong next, in the order in which it was asked for. */
export type Faults = {
  readonly nextWrite: () => WriteFault | undefined
  readonly nextProduce: () => ProduceFault | undefined
  readonly addWrites: (fault: WriteFault, count: number) => void
  readonly addProduces: (fault: ProduceFault, count: number) => void
}

export function createFaults(): Faults {
  const writes: WriteFault[] = []
  const produces: ProduceFault[] = []
  return {
    nextWrite: () => writes.shift(),
    nextProduce: () => produces.shift(),
    addWrites: (fault, count) => void writes.push(...Array.from({ length: count }, () => fault)),
    addProduces: (fault, count) => void produces.push(...Array.from({ length: count }, () => fault)),
  }
}

export type WriteFaultKind = {
  readonly lands: boolean
  /** At most so much later than usual. */
  readonly delayMs?: number
  readonly leavesDoubt?: boolean
  readonly error: () => Error
}

export const WRITE_FAULTS: Readonly<Record<WriteFault, WriteFaultKind>> = {
  away: { lands: false, error: () => new RetryableError('away', { status: 503 }) },
  'asks to wait': { lands: false, error: () => new RetryableError('slower', { status: 429, retryAfterMs: 5000 }) },
  'wrong credential': { lands: false, error: () => new RetryableError('who?', { status: 401, needsOperator: true }) },
  'fails before': { lands: false, leavesDoubt: true, error: () => new RetryableError('internal', { status: 500 }) },
  'fails after': { lands: true, leavesDoubt: true, error: () => new RetryableError('internal', { status: 500 }) },
  'answer lost': { lands: true, leavesDoubt: true, error: () => new RetryableError('connection reset') },
  hangs: { lands: true, leavesDoubt: true, delayMs: 20_000, error: () => new RetryableError('no answer in time') },
  'hangs for nothing': { lands: false, leavesDoubt: true, error: () => new RetryableError('no answer in time') },
}
