/**
 * Mistakes, or warnings, as they stand in the files, from the first line to the last; the files in the order in which they come first. Those without a line
 * stay before or behind as they are.
 */
export function inLineOrder(mistakes: readonly string[]): readonly string[] {
  const places = mistakes.map((mistake) => {
    const { file = '', line = '0' } = /^(?<file>[^\n]+?):(?<line>\d+): /.exec(mistake)?.groups ?? {}
    return { mistake, file, line: Number(line) }
  })
  const files = [...new Set(places.map(({ file }) => file))]
  return places.toSorted((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line).map(({ mistake }) => mistake)
}
