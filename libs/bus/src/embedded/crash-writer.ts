import { writeSync } from 'node:fs'

import { openEmbeddedBus } from './embedded-bus.ts'

/*
 * A process that writes until it is killed (crash.test.ts): several callers append to one log, each number is said on
 * stdout when it was acknowledged.
 *
 *     node crash-writer.ts <directory> <first number> <fsync interval in ms>
 */
const [, , directory = '', first = '0', fsyncIntervalMs = '0'] = process.argv
const bus = await openEmbeddedBus({ directory, fsyncIntervalMs: Number(fsyncIntervalMs), segmentBytes: 256 * 1024, partitions: 2 })
const signal = new AbortController().signal
let next = Number(first)

async function write(key: string): Promise<void> {
  for (;;) {
    const sequence = next++
    // Sizes on both sides of what is copied.
    const value = Buffer.alloc(sequence % 7 === 0 ? 20_000 : 300, sequence)
    await bus.produce('t', [{ kind: 'metrics', key, value, headers: { sequence } }], signal)
    writeSync(1, `${sequence}\n`)
  }
}
await Promise.all(['a', 'b', 'c', 'd'].map(write))
