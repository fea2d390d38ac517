/** What the lines of a file look like: written by the container runtime, with text or JSON inside. */
export type LineForm = 'text' | 'json'

/** Bytes of a line, line feed included. */
export const LINE_BYTES = 200

/** A file's lines number `first` and following: CRI lines of 200 bytes, four in a millisecond, every eighth of them to stderr. */
export function makeLines(form: LineForm, first: number, count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, (_, index) => lineOf(form, first + index)).join(''))
}

function lineOf(form: LineForm, index: number): string {
  const time = new Date(1_704_067_200_000 + (index >> 2))
    .toISOString()
    .replace('Z', `${String((index * 7919) % 1_000_000).padStart(6, '0')}Z`)
  const head = `${time} ${index % 8 === 0 ? 'stderr' : 'stdout'} F `
  const room = LINE_BYTES - head.length - 1
  return `${head}${form === 'text' ? textOf(index, room) : jsonOf(index, room)}\n`
}

const LEVELS = ['info', 'info', 'info', 'warn', 'debug', 'error']
const WORDS = [
  'order',
  'placed',
  'payment',
  'accepted',
  'stock',
  'reserved',
  'mail',
  'queued',
  'cache',
  'missed',
  'user',
  'signed',
  'in',
  'retry',
]

function textOf(index: number, length: number): string {
  let text = `level=${LEVELS[index % LEVELS.length]!} request=${index} duration=${(index * 31) % 977}ms`
  for (let word = index; text.length < length; word += 5) text += ` ${WORDS[word % WORDS.length]!}`
  return text.slice(0, length)
}

/** As applications log: level, message, some fields. The message says how long it took. */
function jsonOf(index: number, length: number): string {
  const fields = { level: LEVELS[index % LEVELS.length]!, ts: index, logger: 'shop.orders', msg: '' }
  const room = length - JSON.stringify(fields).length
  return JSON.stringify({
    ...fields,
    msg: textOf(index, room)
      .replace(/level=\w+ /, 'GET /api/orders ')
      .padEnd(room, '.')
      .slice(0, room),
  })
}
