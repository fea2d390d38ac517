/** What was done to the world of a seed, for whoever has to understand a finding. */
export type History = {
  /** Times are told from now on. */
  readonly begin: () => void
  /** @param file index of the file that it is about; none is about all of them. */
  readonly add: (what: string, file?: number) => void
  /** What was done to a file, and to all, between two times (milliseconds since the epoch). */
  readonly around: (file: number, fromMs: number, untilMs: number) => readonly string[]
}

export function createHistory(): History {
  let startMs = Date.now()
  const events: { readonly atMs: number; readonly what: string; readonly file: number | undefined }[] = []
  return {
    begin: () => {
      startMs = Date.now()
    },
    add: (what, file) => void events.push({ atMs: Date.now(), what, file }),
    around: (file, fromMs, untilMs) =>
      events
        .filter((event) => (event.file ?? file) === file && event.atMs >= fromMs && event.atMs <= untilMs)
        .map(({ atMs, what }) => `${((atMs - startMs) / 1000).toFixed(3)} s ${what}`),
  }
}
