/** What a page holds, in a form that can be compared: bits instead of values, as NaN and -0 count. */
export type ReadPage =
  | { readonly samples: readonly ReadSample[]; readonly metadata: readonly (readonly [kind: string, family: string, text: string])[] }
  | { readonly refused: string }

export type ReadSample = {
  /** Sorted by the bytes of the names. */
  readonly labels: readonly (readonly [name: string, value: string])[]
  /** The double's, as sixteen hexadecimal digits; every NaN is 7ff8000000000001. */
  readonly bits: string
  /** Milliseconds as exposed. */
  readonly ts?: number
  readonly exemplar?: Omit<ReadSample, 'labels' | 'exemplar'> & { readonly labels: ReadSample['labels'] | 'unusable' }
}

/** A page breaks the grammar. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

/** The outcome of `read`, a refusal included. */
export function outcomeOf(read: () => Exclude<ReadPage, { refused: string }>, isRefusal: (error: unknown) => boolean): ReadPage {
  try {
    return read()
  } catch (error) {
    if (isRefusal(error) && error instanceof Error) return { refused: error.message }
    throw error
  }
}

export function bitsOf(value: number): string {
  if (Number.isNaN(value)) return '7ff8000000000001'
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return bytes.toString('hex')
}

export const byBytes = ([a]: readonly [string, string], [b]: readonly [string, string]): number =>
  Buffer.compare(Buffer.from(a), Buffer.from(b))
