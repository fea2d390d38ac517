import { DiscoveryError } from '../discovery-error.ts'

/** @throws DiscoveryError when it is longer; leaving the loop destroys the stream and with it the connection. */
export async function readText(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of body) {
    length += part.length
    if (length > maxBytes)
      throw new DiscoveryError('limit', `the answer has more than the ${maxBytes} bytes of --discovery.max-answer-bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts, length).toString('utf8')
}

/** The first bytes, for the text of an error. */
export async function readStart(body: AsyncIterable<Buffer>, bytes: number): Promise<string> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of body) {
    parts.push(part)
    length += part.length
    if (length >= bytes) break
  }
  return Buffer.concat(parts, length).toString('utf8', 0, bytes)
}
