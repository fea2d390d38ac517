import { describe, expect, test } from 'vitest'

import { decodeBatches } from './decode-batches.ts'
import { encodeHeaders, encodeRecordBatch } from './record-batch.ts'

/** A batch as the log keeps it: the broker writes its first offset in. */
async function batch(first: number, values: readonly string[]): Promise<Buffer> {
  const records = values.map((value) => ({ key: Buffer.from('k'), value: Buffer.from(value), headers: encodeHeaders({ h: value }) }))
  const bytes = Buffer.concat((await encodeRecordBatch(records, 1000, undefined)).chunks)
  bytes.writeBigInt64BE(BigInt(first))
  return bytes
}

/** What compaction leaves of a batch whose records are all gone: its header, with the offsets that it had. */
async function hole(first: number, records: number): Promise<Buffer> {
  const header = (await batch(first, [''])).subarray(0, 61)
  header.writeInt32BE(61 - 12, 8)
  header.writeInt32BE(records - 1, 23)
  header.writeInt32BE(0, 57)
  return header
}

const decode = async (records: Buffer) => {
  const { messages, next } = await decodeBatches({ records, abortedTransactions: [] })
  return { found: messages.map(({ offset, value }) => `${offset} ${String(value)}`), next }
}

describe('decodeBatches', () => {
  test('reads batch after batch and tells where it goes on', async () => {
    expect(await decode(Buffer.concat([await batch(5, ['a', 'b']), await batch(9, ['c'])]))).toEqual({
      found: ['5 a', '6 b', '9 c'],
      next: 10n,
    })
  })

  test('leaves a batch that was cut off for the next answer, wherever it was cut', async () => {
    const whole = await batch(5, ['a'])
    const cut = await batch(6, ['b', 'c'])
    for (let length = 0; length < cut.length; length++)
      expect(await decode(Buffer.concat([whole, cut.subarray(0, length)]))).toEqual({ found: ['5 a'], next: 6n })
    expect(await decode(cut.subarray(0, 70))).toEqual({ found: [], next: undefined })
  })

  test('goes on behind a batch that compaction has emptied', async () => {
    expect(await decode(Buffer.concat([await hole(3, 40), await batch(43, ['a'])]))).toEqual({ found: ['43 a'], next: 44n })
    expect(await decode(await hole(3, 40))).toEqual({ found: [], next: 43n })
  })

  test('says so when messages are of a format from before 0.11', async () => {
    const old = await batch(0, ['a'])
    old[16] = 1
    await expect(decode(old)).rejects.toThrow('messages of format 1, expected 2')
  })
})
