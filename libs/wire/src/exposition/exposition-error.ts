import { DecodeError } from '@clymene/model'

/** A page that is not valid exposition text. Line and column count from 1, the column in bytes. */
export class ExpositionError extends DecodeError {
  readonly line: number
  readonly column: number

  constructor(message: string, body: Buffer, at: number) {
    const { line, column } = positionOf(body, at)
    super(`line ${line}, column ${column}: ${message}, found ${excerpt(body, at)}`, at)
    this.line = line
    this.column = column
  }
}

function positionOf(body: Buffer, at: number): { line: number; column: number } {
  let line = 1
  let lineStart = 0
  for (let next = body.indexOf(10); next >= 0 && next < at; next = body.indexOf(10, next + 1)) {
    line++
    lineStart = next + 1
  }
  return { line, column: at - lineStart + 1 }
}

const EXCERPT_BYTES = 24

/** What stands there, short: a page may hold megabytes without a line break. */
function excerpt(body: Buffer, at: number): string {
  if (at >= body.length) return 'the end'
  if (body[at] === 10) return 'a line break'
  const lineEnd = body.indexOf(10, at)
  const end = Math.min(lineEnd < 0 ? body.length : lineEnd, at + EXCERPT_BYTES)
  return JSON.stringify(body.toString('utf8', at, end))
}
