import { stripAnsi } from '../ansi.ts'
import type { StageKind } from '../stage.ts'

/** Takes colours and other terminal sequences out of the line. */
export const decolorize: StageKind = {
  keys: [],
  parse: () => (pass) => ({
    push: (entry) => {
      entry.line = stripAnsi(entry.line)
      pass(entry)
    },
  }),
}
