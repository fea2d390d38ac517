import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompressSync } from 'node:zlib'

import { DecodeError, errorMessage } from '@clymene/model'

const compress = promisify(zstdCompress)

/** What a damaged state could claim; 10,000 agents with four keys each are 4 MB. */
const MAX_BYTES = 64 * 1024 * 1024

/** The text is made at once, the compression is another thread's. */
export const toCompressedJson = (value: unknown): Promise<Buffer> =>
  compress(Buffer.from(JSON.stringify(value)), { params: { [constants.ZSTD_c_compressionLevel]: 1 } })

/** @throws DecodeError */
export function fromCompressedJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(zstdDecompressSync(bytes, { maxOutputLength: MAX_BYTES }).toString())
  } catch (error) {
    throw new DecodeError(`state of a book: expected JSON compressed by zstd: ${errorMessage(error)}`, 0, { cause: error })
  }
}
