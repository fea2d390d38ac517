import { compress } from '@clymene/wire'

import { makeWriteRequest } from './bodies.ts'

/** Of one body, as a cluster's agent sends them. */
export const SERIES = 2000
const BODIES = 16
const START_MS = 1_700_000_000_000
const SCRAPE_INTERVAL_MS = 15_000

/** Write requests with the same series at sixteen times, all of one length: 592 kB, and 92 kB as a block. */
export const makeWriteRequests = (): readonly Buffer[] =>
  Array.from({ length: BODIES }, (_, index) =>
    makeWriteRequest({ series: SERIES, timestampMs: START_MS + index * SCRAPE_INTERVAL_MS, seed: index + 1 }),
  )

export const makeBlocks = (): readonly Buffer[] => makeWriteRequests().map((body) => compress(body))

/** How an agent of ours names itself and numbers its messages. */
export const agentHeaders = (agent: number, sequence: number) => ({
  'clymene-cluster': 'bench',
  'clymene-agent': `agent-${agent}`,
  'clymene-epoch': '1700000000000',
  'clymene-sequence': String(sequence),
})
