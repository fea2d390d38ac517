/** How far something was taken: further marks are reached when all entries written before them were acknowledged, in their order. */
export type Progress<Mark> = {
  /** An entry was written. Gives what is to be called when it is acknowledged. */
  readonly written: () => () => void
  /** `mark` is reached with the entries written so far. */
  readonly mark: (mark: Mark) => void
}

export function createProgress<Mark>(reached: (mark: Mark) => void): Progress<Mark> {
  let written = 0
  let acknowledged = 0
  const marks: { after: number; mark: Mark }[] = []
  const move = (): void => {
    let last: { readonly mark: Mark } | undefined
    while (marks[0] !== undefined && marks[0].after <= acknowledged) last = marks.shift()
    if (last !== undefined) reached(last.mark)
  }
  return {
    written: () => {
      written++
      return () => {
        acknowledged++
        move()
      }
    },
    mark: (mark) => {
      const last = marks.at(-1)
      if (last?.after === written) last.mark = mark
      else marks.push({ after: written, mark })
      move()
    },
  }
}
