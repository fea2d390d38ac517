import type { Logger } from '@clymene/model'
import { createOnceIn } from '@clymene/runtime'

export type CutLinesOptions = { readonly maxLineBytes: number; readonly logger: Logger; readonly now: () => number }

const NOTICE = 'a line is longer than the limit, its rest was passed over'

/**
 * Says that lines were cut, once a minute and file. The program's own log may be among the files, and with a small limit its
 * lines are cut too: a cut notice gives no further one, or they would go on for ever.
 */
export function createCutLines({ maxLineBytes, logger, now }: CutLinesOptions): (path: string) => (line: Buffer) => void {
  const onceInAMinute = createOnceIn(60_000, now)
  return (path) => (line) => {
    if (line.includes(NOTICE)) return
    onceInAMinute(path, (heldBack) => logger.warn(NOTICE, { path, maxLineBytes, heldBack }))
  }
}
