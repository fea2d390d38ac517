import { DecodeError } from '@clymene/model'

/** Reads the fields of a state in their order; each says what it expected where. @throws DecodeError */
export type Fields = {
  readonly count: () => number
  readonly offset: () => bigint
  readonly text: () => string
  readonly list: () => readonly unknown[]
  /** A list of lists, each read by its own fields. */
  readonly each: <T>(read: (fields: Fields) => T) => T[]
  readonly counts: () => number[]
}

export function readFields(values: unknown, path: string): Fields {
  if (!Array.isArray(values)) throw new DecodeError(`state of a book: ${path}: expected a list`, 0)
  const list: readonly unknown[] = values
  let at = 0
  const next = <T>(expected: string, is: (value: unknown) => value is T): T => {
    const value = list[at]
    if (!is(value)) throw new DecodeError(`state of a book: ${path}[${at}]: expected ${expected}, found ${typeof value}`, at)
    at++
    return value
  }
  const nextList = (): readonly unknown[] => next('a list', isList)
  return {
    count: () => next('a whole number', isCount),
    offset: () => BigInt(next('an offset', isOffset)),
    text: () => next('a text', isText),
    list: nextList,
    each: (read) => nextList().map((one, index) => read(readFields(one, `${path}[${at - 1}][${index}]`))),
    counts: () => {
      const all = nextList()
      if (!all.every(isCount)) throw new DecodeError(`state of a book: ${path}[${at - 1}]: expected whole numbers`, at)
      return [...all]
    },
  }
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value)
const isText = (value: unknown): value is string => typeof value === 'string'
/** -1 stands for none. */
const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value >= -1
const isOffset = (value: unknown): value is string => typeof value === 'string' && /^\d{1,19}$/.test(value)
