import { utimesSync } from 'node:fs'
import { dirname } from 'node:path'

import { silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { createCutFiles, type CutFilesOptions } from './cut-files.ts'
import { createTestFolder, type TestFolder } from './run-source.test-kit.ts'
import type { Tail } from './tail.ts'

let folder: TestFolder
beforeEach(() => {
  folder = createTestFolder()
})
afterEach(() => folder.remove())

const names = new WeakMap<Tail, string>()
const nameOf = (tail: Tail): string | undefined => names.get(tail)

/** A file of which nothing but its looks counts here. */
function tailOf(name: string, ...looks: readonly ('cut' | 'whole')[]): Tail {
  const left = [...looks]
  const fake = {
    look: () => left.shift() ?? 'whole',
    modifiedNs: () => 1n,
    size: () => 4,
    head: () => Buffer.alloc(0),
    complete: false,
    cursor: {},
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what else a tail has is not asked for
  const tail = fake as unknown as Tail
  names.set(tail, name)
  return tail
}

test.each<[what: string, looks: readonly ('cut' | 'whole')[], order: readonly string[], back: number]>([
  ['whole', ['whole', 'whole'], ['found', 'file'], 0],
  ['cut before the look at it', ['cut'], ['copy', 'later', 'again'], 0],
  // The process stood still between its look at the file and the search for copies.
  ['cut between the look at it and the search', ['whole', 'cut'], ['copy', 'later', 'again'], 1],
])('a file that had nothing and is %s', (_, looks, order, back) => {
  const path = folder.path('a.log')
  const tails = [tailOf('file', ...looks)]
  const putBack = vi.fn<() => void>()
  const files = {
    since: (_path: string, at: Tail) => (nameOf(at) === 'file' ? [tailOf('found')] : []),
    cut: () => ({ copy: tailOf('copy'), later: [tailOf('later')], again: tailOf('again') }),
    putBack,
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what of them is asked for
  const options = {
    job: 'j',
    path,
    files,
    tails,
    late: { remove: () => false, tails: () => [] },
    metrics: { truncations: { inc: () => undefined } },
    logger: silentLogger,
    advance: () => undefined,
  } as unknown as CutFilesOptions
  const cuts = createCutFiles(options)
  // Names came beside it meanwhile.
  utimesSync(dirname(path), 1000, 1000)
  cuts.look()
  expect(tails.map(nameOf)).toEqual(order)
  expect(putBack).toHaveBeenCalledTimes(back)
})
