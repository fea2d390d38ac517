import type { OnReadOpts } from 'node:net'

/** What a socket's bytes are read into. */
const READ_BYTES = 64 << 10
/** The length before each answer. */
const LENGTH_BYTES = 4
/** Longer than what Kafka answers here, so hardly Kafka: from there on bytes are passed on as they come. */
const MAX_ANSWER_BYTES = 64 << 20

/**
 * Reads answers of Kafka and passes each on when it is whole. As a socket reads them each is some dozens of buffers of 64 KiB that
 * kafkajs has to join: the same bytes twice for the collector. Here they are read into one buffer and collected in the answer's own.
 *
 * @param take gives the memory of an answer.
 */
export function createAnswerReader(take: (bytes: number) => Buffer, pass: (answer: Buffer) => void): OnReadOpts {
  const length = Buffer.alloc(LENGTH_BYTES)
  let lengthRead = 0
  let answer: Buffer | undefined
  let at = 0
  let isForeign = false

  /** @returns how many bytes of the chunk were taken. */
  const takeLength = (chunk: Buffer): number => {
    const taken = chunk.copy(length, lengthRead)
    lengthRead += taken
    if (lengthRead < LENGTH_BYTES) return taken
    const bytes = length.readInt32BE()
    if (bytes < 0 || bytes > MAX_ANSWER_BYTES) {
      isForeign = true
      pass(Buffer.from(length))
      return taken
    }
    answer = take(LENGTH_BYTES + bytes)
    at = length.copy(answer)
    return taken
  }

  const takeAnswer = (whole: Buffer, chunk: Buffer): number => {
    const taken = chunk.copy(whole, at)
    at += taken
    return taken
  }

  const read = (chunk: Buffer): void => {
    for (let rest = chunk; rest.length > 0;) {
      if (isForeign) return pass(Buffer.from(rest))
      rest = rest.subarray(answer === undefined ? takeLength(rest) : takeAnswer(answer, rest))
      if (answer === undefined || at < answer.length) continue
      const whole = answer
      answer = undefined
      lengthRead = 0
      pass(whole)
    }
  }

  return {
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback: (bytes, buffer) => {
      read(Buffer.from(buffer.buffer, buffer.byteOffset, bytes))
      return true
    },
  }
}
