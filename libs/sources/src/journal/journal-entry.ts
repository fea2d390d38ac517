/** One entry of the journal, as `journalctl -o json --all` writes it. */
export type JournalEntry = {
  readonly cursor: string
  /** When journald received it, microseconds since the epoch. */
  readonly realtimeUs: bigint
  /** The fields without those that tell of its place (two underscores), by their names; a field may be there several times. */
  readonly fields: ReadonlyMap<string, readonly string[]>
}

/**
 * Reads a line of the JSON Journal Format: a value is text, null (nothing that is shown), a list of bytes (what is no text), or,
 * of a field that is there several times, a list of such values.
 *
 * @throws SyntaxError or TypeError when it is none
 */
export function parseJournalEntry(line: string): JournalEntry {
  const object: unknown = JSON.parse(line)
  if (typeof object !== 'object' || object === null) throw new TypeError('expected an object')
  const all = new Map<string, unknown>(Object.entries(object))
  const cursor = all.get(CURSOR)
  const realtime = all.get(REALTIME)
  if (typeof cursor !== 'string') throw new TypeError(`expected ${CURSOR}`)
  if (typeof realtime !== 'string' || !/^\d{1,19}$/.test(realtime)) throw new TypeError(`expected microseconds as ${REALTIME}`)
  const fields = new Map<string, readonly string[]>()
  for (const name of [...all.keys()].toSorted()) {
    const values = name.startsWith('__') ? [] : valuesOf(all.get(name))
    if (values.length > 0) fields.set(name, values)
  }
  return { cursor, realtimeUs: BigInt(realtime), fields }
}

const CURSOR = '__CURSOR'
const REALTIME = '__REALTIME_TIMESTAMP'

function valuesOf(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return textOf(value)
  const values: readonly unknown[] = value
  return isBytes(values) ? textOf(values) : values.flatMap(textOf)
}

/** Bytes that are no UTF-8 become the replacement character. */
function textOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) && isBytes(value) ? [Buffer.from(value).toString()] : []
}

const isBytes = (values: readonly unknown[]): values is number[] => values.length > 0 && values.every((byte) => typeof byte === 'number')
