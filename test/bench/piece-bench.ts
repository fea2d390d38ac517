import type { Bench } from './bench.ts'
import type { PieceReading } from './pieces/repeat.ts'
import { startProgram } from './program.ts'
import type { PieceQuestion } from './programs/piece.ts'
import { usageOf } from './usage.ts'

/** One piece alone, in a new process each time. */
export function pieceBench(name: string): Bench {
  return {
    name,
    unit: name === 'tail' ? 'bytes' : 'samples',
    run: async (seconds) => {
      const program = startProgram<PieceQuestion, PieceReading>('piece')
      const reading = await program.ask({ name, seconds })
      const { peakBytes } = usageOf(program.pid)
      await program.stop()
      return { ...reading, peakBytes }
    },
    close: () => Promise.resolve(),
  }
}
