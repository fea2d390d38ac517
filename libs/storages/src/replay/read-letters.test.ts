import { PermanentError, type Envelope } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { describe, expect, test } from 'vitest'

import { createDeadLetters } from '../delivery/dead-letters.ts'
import { createLetterBus, type LetterBus } from '../testing/letter-bus.ts'
import { busRecord, metricsDelivery, numbered, sample, TOPIC } from '../testing/messages.ts'
import { placeText, type Letter } from './letter.ts'
import { readLetters, type PassedOver } from './read-letters.ts'

const never = new AbortController().signal
const LETTERS = `${TOPIC}-dead-letter`

function start(limit = Infinity) {
  const bus = createLetterBus()
  const produce: LetterBus['produce'] = async (topic, envelopes, signal) => {
    if (envelopes.some(({ value }) => value.length > limit)) throw new PermanentError('too large')
    return bus.produce(topic, envelopes, signal)
  }
  const letters = (storage = 's', now = () => 5000) =>
    createDeadLetters({ bus: { produce }, topic: TOPIC, storage, kind: 'metrics', metrics: createMetrics(), logger: silentLogger, now })
  const undecodable = (value: Buffer, offset: number, storage = 's') =>
    letters(storage).undecodable(busRecord(value, offset), new Error(`no block in ${offset}`), never)
  const refused = (offset: number, position: number, names: readonly string[], storage = 's') =>
    letters(storage).refused(
      {
        ...metricsDelivery(
          names.map((name) => sample(name, 1)),
          numbered(1, { records: names.length }),
        ),
        origin: busRecord(Buffer.alloc(0), offset).origin,
        position,
      },
      new PermanentError('out of order', { status: 400 }),
      never,
    )
  return { bus, undecodable, refused }
}

async function read(bus: LetterBus, topic = TOPIC): Promise<{ letters: Letter[]; passedOver: PassedOver | undefined; progress: string[] }> {
  const letters: Letter[] = []
  const progress: string[] = []
  let passedOver: PassedOver | undefined
  const onProgress = (done: number, total: number): void => void progress.push(`${done}/${total}`)
  for await (const letter of readLetters({ bus, topic, onProgress, onPassedOver: (count) => (passedOver = count) }, never))
    letters.push(letter)
  return { letters, passedOver, progress }
}

const texts = (letters: readonly Letter[]): readonly string[] => letters.map((letter) => `${placeText(letter)}+${letter.note.position}`)

test('a letter is read as it was written: the bytes, the headers and why', async () => {
  const { bus, refused } = start()
  await refused(7, 2, ['a', 'b'])
  const { letters } = await read(bus)
  expect(letters).toEqual([
    {
      place: bus.records(LETTERS)[0]?.origin,
      note: {
        storage: 's',
        reason: 'out of order',
        status: 400,
        timeMs: 5000,
        cluster: '',
        position: 2,
        origin: { topic: TOPIC, partition: 0, offset: 7n, timestampMs: 1007 },
      },
      message: { kind: 'metrics', key: 'k', value: bus.records(LETTERS)[0]?.value, headers: numbered(1, { records: 2 }) },
      parts: 1,
    },
  ])
})

test('a topic that is not there has no letters', async () => {
  expect(await read(createLetterBus())).toEqual({ letters: [], passedOver: { repeats: 0, incomplete: 0, foreign: 0 }, progress: [] })
})

test('every partition is read, from its oldest message that is still there', async () => {
  const { bus, undecodable } = start()
  for (let offset = 0; offset < 5; offset++) await undecodable(Buffer.from('x'), offset)
  const copy = bus.records(LETTERS)[4]
  if (copy !== undefined) bus.put(LETTERS, { ...copy, extra: { ...copy.extra, 'clymene-dl-offset': '99' } }, 1)
  bus.expire(LETTERS, 2)
  const { letters, progress } = await read(bus)
  expect(texts(letters)).toEqual(['clymene/0/2+0', 'clymene/0/3+0', 'clymene/0/4+0', 'clymene/0/99+0'])
  expect(progress).toEqual(['3/4', '3/4', '4/4', '4/4'])
})

test('what is no letter is counted and passed over', async () => {
  const { bus, undecodable } = start()
  const foreign: Envelope = { kind: 'metrics', key: '', value: Buffer.from('x'), headers: {}, extra: { __proto__: 'x', other: 'y' } }
  bus.put(LETTERS, foreign)
  bus.put(LETTERS, { kind: 'metrics', key: '', value: Buffer.alloc(0), headers: {} })
  await undecodable(Buffer.from('x'), 1)
  expect(await read(bus)).toMatchObject({ letters: [{}], passedOver: { foreign: 2 } })
})

describe('a letter that stands there twice', () => {
  test('is read once: also when it was cut in another way', async () => {
    const { bus, refused, undecodable } = start()
    await refused(7, 0, ['a', 'b', 'c', 'd'])
    await refused(7, 0, ['a', 'b'])
    await refused(7, 2, ['c', 'd'])
    await undecodable(Buffer.from('x'), 8)
    await undecodable(Buffer.from('x'), 8)
    const { letters, passedOver } = await read(bus)
    expect(texts(letters)).toEqual(['clymene/0/7+0', 'clymene/0/8+0'])
    expect(passedOver?.repeats).toBe(3)
  })

  test('is read once when its pieces came first', async () => {
    const { bus, refused } = start()
    await refused(7, 0, ['a', 'b'])
    await refused(7, 2, ['c', 'd'])
    await refused(7, 0, ['a', 'b', 'c', 'd'])
    expect(texts((await read(bus)).letters)).toEqual(['clymene/0/7+0', 'clymene/0/7+2'])
  })

  test.each<[what: string, change: Record<string, string>]>([
    ['of another storage', { 'clymene-dl-storage': 'other' }],
    ['of another piece', { 'clymene-dl-position': '5' }],
    ['of another offset', { 'clymene-dl-offset': '8' }],
    ['of another partition', { 'clymene-dl-partition': '1' }],
    ['of a topic that was made anew', { 'clymene-dl-timestamp': '2000000' }],
  ])('is another one: %s', async (_what, change) => {
    const { bus, refused } = start()
    await refused(7, 0, ['a'])
    const [first] = bus.records(LETTERS)
    if (first !== undefined) bus.put(LETTERS, { ...first, extra: { ...first.extra, ...change } })
    expect((await read(bus)).letters).toHaveLength(2)
  })

  test('without a place is told by its number, and without a number it is another one', async () => {
    const { bus } = start()
    const letter = (headers: Envelope['headers']): Envelope => {
      return { kind: 'logs', key: 'k', value: Buffer.from('x'), headers, extra: { 'clymene-dl-storage': 's' } }
    }
    for (const headers of [numbered(1), numbered(1), numbered(2), {}, {}]) bus.put(LETTERS, letter(headers))
    const { letters } = await read(bus)
    expect(letters.map(({ message }) => message.headers.sequence)).toEqual([1, 2, undefined, undefined])
    expect(letters.map(({ note }) => note.timeMs)).toEqual(
      bus
        .records(LETTERS)
        .filter((_, at) => at !== 1)
        .map(({ origin }) => origin.timestampMs),
    )
  })
})

function lengthFirst(text: string, length = text.length): Buffer {
  return Buffer.concat([Buffer.from([0, 0, 0, length]), Buffer.from(text)])
}

describe('a letter in parts', () => {
  const large = Buffer.from(Array.from({ length: 3000 }, (_, index) => index % 251))

  test('is whole again', async () => {
    const { bus, undecodable } = start(1000)
    await undecodable(large, 7)
    const { letters } = await read(bus)
    expect(bus.records(LETTERS)).toHaveLength(4)
    expect(letters.map(({ message, parts, place }) => [message.value.equals(large), parts, place.offset])).toEqual([[true, 4, 3n]])
    expect(letters[0]?.message).not.toHaveProperty('extra')
  })

  test('whose parts stand between those of others, in any order, some twice', async () => {
    const { bus, undecodable } = start(1000)
    const other = Buffer.from(large.toReversed())
    await undecodable(large, 7)
    await undecodable(other, 8)
    const parts = bus.records(LETTERS)
    bus.remove(LETTERS)
    for (const at of [5, 0, 1, 4, 1, 3, 7, 2, 6]) {
      const part = parts[at]
      if (part !== undefined) bus.put(LETTERS, part, at % 2)
    }
    const { letters, passedOver } = await read(bus)
    expect(letters.map(({ message }) => message.value.equals(large) || message.value.equals(other))).toEqual([true, true])
    expect(passedOver?.incomplete).toBe(0)
  })

  test('that a crash cut off is followed by itself whole', async () => {
    const { bus, undecodable } = start(1000)
    await undecodable(large, 7)
    const cutOff = bus.records(LETTERS).slice(0, 2)
    bus.remove(LETTERS)
    for (const part of cutOff) bus.put(LETTERS, part)
    await undecodable(large, 7)
    const { letters, passedOver } = await read(bus)
    expect(letters.map(({ message }) => message.value.equals(large))).toEqual([true])
    expect(passedOver).toEqual({ repeats: 0, incomplete: 1, foreign: 0 })
  })

  test('of which a part comes once more when it is whole is not missing any', async () => {
    const { bus, undecodable } = start(1000)
    await undecodable(large, 7)
    for (const part of bus.records(LETTERS).slice(2)) bus.put(LETTERS, part)
    const { letters, passedOver } = await read(bus)
    expect(letters.map(({ message }) => message.value.equals(large))).toEqual([true])
    expect(passedOver).toEqual({ repeats: 0, incomplete: 0, foreign: 0 })
  })

  test('stands behind the letters that came before it was whole', async () => {
    const { bus, undecodable } = start(2000)
    await undecodable(large, 7)
    await undecodable(Buffer.from('x'), 8)
    const [first, second, other] = bus.records(LETTERS)
    bus.remove(LETTERS)
    for (const one of [first, other, second]) if (one !== undefined) bus.put(LETTERS, one)
    expect((await read(bus)).letters.map(({ place }) => place.offset)).toEqual([1n, 2n])
  })

  test('whose key and headers are as large as a message may be is whole again', async () => {
    const { bus } = start()
    const produce: LetterBus['produce'] = async (topic, envelopes, signal) => {
      for (const { key, value, extra = {} } of envelopes)
        if (value.length + Buffer.byteLength(key + JSON.stringify(extra)) > 1_000_000) throw new PermanentError('too large')
      return bus.produce(topic, envelopes, signal)
    }
    const letters = createDeadLetters({
      bus: { produce },
      topic: TOPIC,
      storage: 's',
      kind: 'metrics',
      metrics: createMetrics(),
      logger: silentLogger,
    })
    const extra = { ...JSON.parse('{"__proto__":"x"}'), 'x-long': '\u0000é'.repeat(150_000) }
    const record = { ...busRecord(large, 7, numbered(1)), key: 'ü'.repeat(480_000), extra }
    await letters.undecodable(record, new Error('no'), never)
    const { scanned: _, ...headers } = record.headers
    const { letters: found } = await read(bus)
    expect(found.map(({ message }) => message)).toEqual([{ kind: 'metrics', key: record.key, value: large, headers, extra }])
    expect(found[0]?.note).toMatchObject({ storage: 's', reason: 'no', origin: { offset: 7n } })
  })

  test.each<[what: string, value: Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['half a length', Buffer.from([0, 0])],
    ['a length that is not there', lengthFirst('{"key":"","extra":[]}', 22)],
    ['no JSON', lengthFirst('{')],
    ['no object', lengthFirst('null')],
    ['no key', lengthFirst('{"extra":[]}')],
    ['a key that is no text', lengthFirst('{"key":1,"extra":[]}')],
    ['no headers', lengthFirst('{"key":""}')],
    ['headers that are none', lengthFirst('{"key":"","extra":[["a"]]}')],
    ['a header that is no text', lengthFirst('{"key":"","extra":[["a",1]]}')],
  ])('that only claims to hold its key stays as it is: %s', async (_what, value) => {
    const { bus } = start()
    bus.put(LETTERS, { kind: 'metrics', key: 'k', value, headers: {}, extra: { 'clymene-dl-storage': 's', 'clymene-dl-wrapped': '1' } })
    expect((await read(bus)).letters.map(({ message }) => message)).toEqual([{ kind: 'metrics', key: 'k', value, headers: {} }])
  })

  test.each(['0/2', '3/2', '1/2'])('%s without an id, or out of its range, is not joined', async (part) => {
    const { bus } = start()
    const extra = { 'clymene-dl-storage': 's', 'clymene-dl-part': part, ...(part === '1/2' ? {} : { 'clymene-dl-id': 'x' }) }
    bus.put(LETTERS, { kind: 'metrics', key: '', value: large, headers: {}, extra })
    expect(await read(bus)).toMatchObject({ letters: [], passedOver: { incomplete: 1 } })
  })

  test('more letters that are never finished than are waited for are given up', async () => {
    const { bus } = start()
    for (let id = 0; id < 70; id++) {
      const extra = { 'clymene-dl-storage': 's', 'clymene-dl-part': '1/2', 'clymene-dl-id': `i${id}` }
      bus.put(LETTERS, { kind: 'metrics', key: '', value: large, headers: {}, extra })
    }
    expect(await read(bus)).toMatchObject({ letters: [], passedOver: { incomplete: 70 } })
  })
})
