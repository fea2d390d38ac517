import type { LabelMap } from '@clymene/model'

import type { LabelSet } from './label-set.ts'

/** One line on its way through the stages. The stage that holds it may change it. */
export type PipelineEntry = {
  labels: LabelSet
  /** Nanoseconds since the epoch: when the line was read, until a stage knows better. */
  timestampNs: bigint
  line: string
  /** The line as it was read, for stages that join lines, when it is not UTF-8 by itself; no other stage looks at it. */
  bytes?: Buffer | undefined
  readonly extracted: Extracted
  /** Structured metadata: goes with the line, is no part of its stream. Undefined until a stage sets some. */
  metadata: LabelMap | undefined
  /** Where the line begins, as who reads it counts, growing with every line; of parts that were joined, where the first begins. */
  origin?: number
}

/**
 * What stages took out of a line, by name, for the stages after them. A name that no stage set reads as the label of that
 * name the entry came with. A class, since one is made for every line: nothing is allocated until a stage sets a name.
 */
export class Extracted {
  readonly #labels: LabelSet
  #values: Map<string, unknown> | undefined

  constructor(labels: LabelSet) {
    this.#labels = labels
  }

  /** Undefined when neither a stage nor a label gave it; null when a stage looked for it and found nothing. */
  get(name: string): unknown {
    if (this.#values?.has(name) === true) return this.#values.get(name)
    const label = this.#labels.get(name)
    return label === '' ? undefined : label
  }

  set(name: string, value: unknown): void {
    this.#values ??= new Map()
    this.#values.set(name, value)
  }

  /** From now on the name reads as if neither a stage nor a label had given it. */
  delete(name: string): void {
    this.set(name, undefined)
  }

  /**
   * From now on labels read as extracted values, over what stages set under their names: so each list of stages begins, also
   * one inside of a stage.
   */
  takeLabels(labels: LabelSet): void {
    if (labels === this.#labels && this.#values === undefined) return
    for (const [name, value] of labels.labels) if (this.get(name) !== value) this.set(name, value)
  }

  copy(): Extracted {
    const copy = new Extracted(this.#labels)
    if (this.#values !== undefined) copy.#values = new Map(this.#values)
    return copy
  }

  /** All that {@link get} finds, but for null. */
  all(): ReadonlyMap<string, unknown> {
    const all = new Map<string, unknown>(this.#labels.labels)
    for (const [name, value] of this.#values ?? []) {
      if (value === undefined || value === null) all.delete(name)
      else all.set(name, value)
    }
    return all
  }

  /** A copy of what stages set; undefined where they set nothing. */
  values(): ReadonlyMap<string, unknown> {
    return new Map([...(this.#values ?? [])].map(([name, value]) => [name, value ?? undefined]))
  }
}

/** An extracted value as text; undefined for what has no text (nothing, null, lists and objects are JSON already). */
export function extractedText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return numberText(value)
  return typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : undefined
}

/** Without an exponent, as Promtail has it: `1e21` is 1 with 21 zeros, and `-0` keeps its sign. */
function numberText(value: number): string {
  if (Object.is(value, -0)) return '-0'
  const text = String(value)
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (match === null) return text
  const [, sign = '', first = '', rest = '', exponent] = match
  const shift = Number(exponent)
  return shift < 0 ? `${sign}0.${'0'.repeat(-shift - 1)}${first}${rest}` : `${sign}${first}${rest.padEnd(shift, '0')}`
}
