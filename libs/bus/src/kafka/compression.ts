import { promisify } from 'node:util'
import { constants, gunzip, gzip, zstdCompress, zstdDecompress } from 'node:zlib'

import { ConfigError } from '@clymene/model'
import { lz4Compress, lz4Decompress } from '@platformatic/wasm-utils/bundled'
import kafkajs from 'kafkajs'

import type { Codec } from './record-batch.ts'
import { compressXerial, decompressXerial } from './xerial.ts'

export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type CompressionName = (typeof COMPRESSIONS)[number]

/** A fetched batch that becomes larger than this is refused: a damaged or hostile one must not take all memory. */
const MAX_DECOMPRESSED_BYTES = 256 << 20

/**
 * The codec of what is produced; undefined sends the records as they are. The bodies are compressed already, so that is
 * the default.
 *
 * @param level 0 is the codec's own: gzip 6, zstd 3. snappy and lz4 have one level.
 * @throws ConfigError when the codec has no such level.
 */
export function codecOf(name: CompressionName, level: number): Codec | undefined {
  const limits = LEVELS[name]
  if (level !== 0 && (level < limits.min || level > limits.max)) {
    throw new ConfigError(`--kafka.producer.compression-level=${level}: ${name} takes ${limits.min} to ${limits.max}`)
  }
  return CODECS[name](level)
}

/** What Clymene accepts, so that its command lines go on working. */
const LEVELS: Readonly<Record<CompressionName, { readonly min: number; readonly max: number }>> = {
  none: { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER },
  gzip: { min: 1, max: 9 },
  snappy: { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER },
  lz4: { min: 1, max: 17 },
  zstd: { min: -131_072, max: 22 },
}

/** The numbers of the codecs in a record batch's attributes. */
const CODECS: Readonly<Record<CompressionName, (level: number) => Codec | undefined>> = {
  none: () => undefined,
  gzip: (level) => ({ id: 1, compress: (bytes) => promisify(gzip)(bytes, { level: level || constants.Z_DEFAULT_COMPRESSION }) }),
  snappy: () => ({ id: 2, compress: (bytes) => Promise.resolve(compressXerial(bytes)) }),
  lz4: () => ({ id: 3, compress: (bytes) => Promise.resolve(lz4Compress(bytes)) }),
  zstd: (level) => ({
    id: 4,
    compress: (bytes) =>
      promisify(zstdCompress)(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level || constants.ZSTD_CLEVEL_DEFAULT } }),
  }),
}

/** Lets kafkajs read every compression that a producer may have used; it brings only gzip itself, without a limit. */
export function registerDecompression(): void {
  // kafkajs is CommonJS: Node finds only some of its exports by name. Not before they are needed: most processes have no Kafka.
  const { CompressionCodecs, CompressionTypes } = kafkajs
  const limit = { maxOutputLength: MAX_DECOMPRESSED_BYTES }
  CompressionCodecs[CompressionTypes.GZIP] = forKafkajs('gzip', (bytes) => promisify(gunzip)(bytes, limit))
  CompressionCodecs[CompressionTypes.Snappy] = forKafkajs('snappy', (bytes) => decompressXerial(bytes, MAX_DECOMPRESSED_BYTES))
  CompressionCodecs[CompressionTypes.LZ4] = forKafkajs('lz4', lz4Decompress)
  CompressionCodecs[CompressionTypes.ZSTD] = forKafkajs('zstd', (bytes) => promisify(zstdDecompress)(bytes, limit))
}

/** kafkajs keeps its codecs for the whole process: its own producers must find both directions. */
const forKafkajs = (name: CompressionName, decompress: (bytes: Buffer) => Promise<Buffer> | Buffer) => () => ({
  compress: async ({ buffer }: { readonly buffer: Buffer }) => CODECS[name](0)?.compress(buffer),
  decompress: async (bytes: Buffer) => decompress(bytes),
})
