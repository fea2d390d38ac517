import type { Terminal } from './terminal.ts'

export type Progress = {
  /** Messages of the dead-letter topics that were read, of how many. */
  readonly read: (done: number, total: number) => void
  readonly sent: () => void
  readonly refused: () => void
  /** Takes the bar away. */
  readonly end: () => void
}

const DRAW_EVERY_MS = 100
const TELL_EVERY_MS = 5000
const WIDTH = 30

/** A bar on a terminal, elsewhere a line every few seconds. */
export function createProgress(
  { draw, tell, isInteractive }: Pick<Terminal, 'draw' | 'tell' | 'isInteractive'>,
  now: () => number = () => performance.now(),
): Progress {
  let [done, total, sent, refused] = [0, 0, 0, 0]
  let lastMs = now()
  const show = (): void => {
    if (now() - lastMs < (isInteractive ? DRAW_EVERY_MS : TELL_EVERY_MS)) return
    lastMs = now()
    const share = total === 0 ? 1 : Math.min(done / total, 1)
    const counts = `${Math.round(share * 100)}% read, ${sent} sent, ${refused} refused`
    if (isInteractive) draw(`[${'#'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '.')}] ${counts}`)
    else tell(counts)
  }
  return {
    read: (read, all) => {
      ;[done, total] = [read, all]
      show()
    },
    sent: () => {
      sent++
      show()
    },
    refused: () => {
      refused++
      show()
    },
    end: () => draw(''),
  }
}
