import { compress, createDecompressor, scanWriteRequest, spliceBlocks, type ExpectedLabel } from '@clymene/wire'

import { benchScrapeParse } from '../scrape-parse.ts'
import { benchTail } from '../tail.ts'
import { makeBlocks, makeWriteRequests, SERIES } from '../traffic.ts'
import { benchHalving } from './halving.ts'
import { repeat, type PieceReading } from './repeat.ts'

/** Runs about so many seconds; what reads prepared input runs until it is read. */
export type Piece = (seconds: number) => PieceReading | Promise<PieceReading>

export const PIECES: ReadonlyMap<string, Piece> = new Map<string, Piece>([
  ['splice', benchSplice],
  ['scan', (seconds) => benchScan(seconds)],
  ['scan for a cluster', (seconds) => benchScan(seconds, { name: 'cluster', value: 'bench' })],
  ['scan by JavaScript', benchScanElsewhere],
  ['snappy compress', benchCompress],
  ['snappy decompress', benchDecompress],
  ['decompress and scan', benchBoth],
  ['scrape parse', benchScrapeParse],
  ['halving', benchHalving],
  ['tail', benchTail],
])

/** Sixteen blocks into one, as the ingester does it. */
function benchSplice(seconds: number): PieceReading {
  const blocks = makeBlocks()
  return repeat(seconds, () => {
    spliceBlocks(blocks)
    return blocks.length * SERIES
  })
}

/** Where a decompressor has left it. With a label as for a sender whose token is of one cluster. */
function benchScan(seconds: number, expected?: ExpectedLabel): PieceReading {
  const body = createDecompressor(64 << 20)(makeBlocks()[0]!)
  return repeat(seconds, () => scanWriteRequest(body, expected).samples)
}

/** What is anywhere else. */
function benchScanElsewhere(seconds: number): PieceReading {
  const bodies = makeWriteRequests()
  return repeat(seconds, (round) => scanWriteRequest(bodies[round % bodies.length]!).samples)
}

function benchCompress(seconds: number): PieceReading {
  const bodies = makeWriteRequests()
  return repeat(seconds, (round) => {
    compress(bodies[round % bodies.length]!)
    return SERIES
  })
}

function benchDecompress(seconds: number): PieceReading {
  const blocks = makeBlocks()
  const decompress = createDecompressor(64 << 20)
  return repeat(seconds, (round) => {
    decompress(blocks[round % blocks.length]!)
    return SERIES
  })
}

/** What a gateway does with a body. */
function benchBoth(seconds: number): PieceReading {
  const blocks = makeBlocks()
  const decompress = createDecompressor(64 << 20)
  return repeat(seconds, (round) => scanWriteRequest(decompress(blocks[round % blocks.length]!)).samples)
}
