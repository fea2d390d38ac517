import { isMainThread, parentPort, workerData } from 'node:worker_threads'

import { inputOf, tryInput } from './fuzz.ts'
import { SUBJECTS } from './subjects/index.ts'

export type FuzzWork = {
  readonly names: readonly string[]
  readonly seed: number
  readonly seconds: number
  /** Inputs tried, one number a subject in the order of `names`; then the place of the subject that is being tried. */
  readonly progress: Int32Array
}

const SLICE_MS = 100

if (!isMainThread) {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- run.ts gives it
  work(workerData as FuzzWork)
}

/** Takes the subjects in turn, a tenth of a second each. Posts what it finds first, or undefined when the time is over. */
function work({ names, seed, seconds, progress }: FuzzWork): void {
  const subjects = SUBJECTS.filter(({ name }) => names.includes(name))
  const end = performance.now() + seconds * 1000
  for (;;) {
    for (const [place, subject] of subjects.entries()) {
      Atomics.store(progress, subjects.length, place)
      const sliceEnd = performance.now() + SLICE_MS
      while (performance.now() < sliceEnd) {
        const finding = tryInput(subject, inputOf(subject, seed, Atomics.load(progress, place)))
        if (finding !== undefined) return parentPort?.postMessage(finding, [])
        Atomics.add(progress, place, 1)
      }
      if (performance.now() >= end) return parentPort?.postMessage(undefined, [])
    }
  }
}
