/** What one run of a bench took: `count` samples or bytes in `cpuSeconds` of the process under test. */
export type Reading = {
  readonly count: number
  readonly cpuSeconds: number
  /** Most memory that the process under test has had since its start (VmHWM), bytes. */
  readonly peakBytes: number
}

export type Bench = {
  readonly name: string
  readonly unit: 'samples' | 'bytes'
  /** One run of about so many seconds of wall time. */
  readonly run: (seconds: number) => Promise<Reading>
  /** Ends the processes that it keeps between its runs. */
  readonly close: () => Promise<void>
}
