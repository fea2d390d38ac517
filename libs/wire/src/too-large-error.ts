import { DecodeError } from '@clymene/model'

/** A message is, or claims to be, larger than the limit: HTTP answers 413. Raised before anything of that size is allocated. */
export class TooLargeError extends DecodeError {
  /** Bytes that the message has or claims. */
  readonly bytes: number
  /** Bytes that are allowed. */
  readonly maxBytes: number

  constructor(what: string, bytes: number, maxBytes: number) {
    super(`${what} of ${bytes} bytes is over the limit of ${maxBytes}`, 0)
    this.bytes = bytes
    this.maxBytes = maxBytes
  }
}
