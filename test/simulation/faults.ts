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
