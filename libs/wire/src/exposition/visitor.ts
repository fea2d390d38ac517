export type ExpositionVisitor = {
  /**
   * One sample. `body[seriesStart, seriesEnd)` is the series as it stands there, name and labels: parseSeries decodes it,
   * and as it has been checked already, the same bytes need that only once.
   *
   * @param timestampMs as exposed, a whole number; undefined when the sample has none.
   */
  readonly sample: (seriesStart: number, seriesEnd: number, value: number, timestampMs: number | undefined) => void
  /**
   * The end of the series text that starts at `at` when the visitor knows it from before, else -1: its labels are then not
   * scanned again, which is most of the work of a page. `body[at, end)` must be bytes that `sample` was given in this format.
   */
  readonly knownSeriesEnd?: (at: number) => number
  /**
   * The exemplar of the sample that is handed over next: `body[labelsStart, labelsEnd)` is `{…}` as it stands there and has been
   * checked; parseExemplarLabels decodes it. Only OpenMetrics has exemplars.
   *
   * @param timestampMs undefined when the exemplar has none: it is then of the sample's time.
   */
  readonly exemplar?: (labelsStart: number, labelsEnd: number, value: number, timestampMs: number | undefined) => void
  /** A HELP, TYPE or UNIT line: the family's name (without quotes) and the text, escapes not yet replaced. */
  readonly metadata?: (kind: MetadataKind, nameStart: number, nameEnd: number, textStart: number, textEnd: number) => void
}

export type MetadataKind = 'help' | 'type' | 'unit'
