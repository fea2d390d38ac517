import type { LabelMap } from '@clymene/model'

import { createCutLine, cutAt, type CutLine } from '../files/cut-lines.ts'

/** A line, or a part of one that is longer than the limit: the first begins it, the last ends it. */
export type LinePiece = {
  readonly bytes: Buffer
  readonly begins: boolean
  readonly ends: boolean
}

/** The pieces of one line, each of at most `maxBytes`, without cutting a character in two. */
export function* cutLine(bytes: Buffer, maxBytes: number): Generator<LinePiece> {
  let begin = 0
  while (bytes.length - begin > maxBytes) {
    const end = cutAt(bytes, begin, begin + maxBytes)
    yield { bytes: bytes.subarray(begin, end), begins: begin === 0, ends: false }
    begin = end
  }
  yield { bytes: bytes.subarray(begin), begins: begin === 0, ends: true }
}

export type PieceText = { readonly line: string; readonly metadata?: LabelMap }

/**
 * What is sent of each piece of a line, in order; undefined: it is passed over. Parts are marked as those of files are.
 *
 * @param onCut told of each line that has several, with the first.
 */
export function createPieceTexts(
  longLines: 'truncate' | 'split',
  onCut: (first: Buffer) => void,
): (piece: LinePiece) => PieceText | undefined {
  let cut: CutLine | undefined
  return ({ bytes, begins, ends }) => {
    if (begins && ends) return { line: bytes.toString() }
    if (begins) {
      onCut(bytes)
      cut = createCutLine(longLines, 0, '')
    } else if (longLines === 'truncate') {
      return undefined
    }
    return cut?.part(bytes, ends)
  }
}
