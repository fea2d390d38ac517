import { DecodeError } from '@clymene/model'

/**
 * Reads the fields of a list in their order; each says what it expected where. A class, as a book of 10,000 agents has 150,000 lists:
 * functions of each one's own took three times as long.
 */
export class Fields {
  readonly #values: readonly unknown[]
  readonly #name: string
  #at = 0

  /** @throws DecodeError when it is no list, as all of its methods do when a field is not what is expected */
  constructor(values: unknown, name: string) {
    if (!isList(values)) throw new DecodeError(`state of a book: ${name}: expected a list`, 0)
    this.#values = values
    this.#name = name
  }

  /** A whole number; -1 stands for none. */
  count(): number {
    return this.#next('a whole number', isCount)
  }

  offset(): bigint {
    return BigInt(this.#next('an offset', isOffset))
  }

  text(): string {
    return this.#next('a text', isText)
  }

  /** A list of lists. */
  each<T>(name: string, read: (fields: Fields) => T): T[] {
    return this.#next('a list', isList).map((one) => read(new Fields(one, name)))
  }

  counts(): number[] {
    return [...this.#next('a list of whole numbers', isCounts)]
  }

  #next<T>(expected: string, is: (value: unknown) => value is T): T {
    const value = this.#values[this.#at]
    if (!is(value))
      throw new DecodeError(`state of a book: ${this.#name}, field ${this.#at}: expected ${expected}, found ${typeof value}`, this.#at)
    this.#at++
    return value
  }
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value)
const isText = (value: unknown): value is string => typeof value === 'string'
const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value >= -1
const isCounts = (value: unknown): value is readonly number[] => isList(value) && value.every(isCount)
const isOffset = (value: unknown): value is string => typeof value === 'string' && /^\d{1,19}$/.test(value)
