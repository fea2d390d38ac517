/** A pattern that is not RE2 syntax. The message shows the pattern, what is wrong with it, and where. */
export class RegexError extends Error {
  override readonly name = 'RegexError'
  readonly pattern: string
  /** UTF-16 index into the pattern where the wrong part begins. */
  readonly position: number

  constructor(pattern: string, reason: string, position: number) {
    super(`regex ${JSON.stringify(pattern)}: ${reason} at position ${position}`)
    this.pattern = pattern
    this.position = position
  }
}
