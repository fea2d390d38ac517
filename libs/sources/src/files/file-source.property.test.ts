import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { gzipSync } from 'node:zlib'

import { parseStages } from '@clymene/stages'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'

import type { FileJob } from './options.ts'
import { createTestFolder, jobOf, startSource, type TestFolder } from './run-source.test-kit.ts'

type Step = { readonly kind: 'append'; readonly lines: number } | { readonly kind: 'part' | 'rotate' | 'stop' | 'start' | 'kill' | 'wait' }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('append' as const), lines: fc.integer({ min: 1, max: 60 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('part' as const, 'rotate' as const, 'stop' as const, 'start' as const, 'wait' as const) }),
  },
)
const stepOrKill: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: step },
  { weight: 1, arbitrary: fc.constant({ kind: 'kill' } as const) },
)

const RUNS = 8

const plainLine = (number: number): string => `line ${number} ${'x'.repeat(number % 37)}`
const criTime = '2024-01-01T00:00:00.000000001Z'

/** Does the steps to `a.log` and then lets the source read all. What was written, and what came out, in order. */
async function play(
  steps: readonly Step[],
  format: 'plain' | 'cri',
  rotation: Rotation,
): Promise<{ written: readonly string[]; sent: readonly string[] }> {
  const folder = createTestFolder()
  const job: FileJob = {
    ...jobOf('test', { __path__: folder.path('*.log') }),
    pipeline: format === 'cri' ? parseStages([{ cri: {} }], 'stages') : [],
  }
  const start = () => startSource(folder, [job], { batchBytes: 700, maxLineBytes: 1000 })
  const written: string[] = []
  const sent: string[] = []
  let source: ReturnType<typeof start> | undefined = start()
  let rest: string | undefined
  prepare(folder, rotation)

  const write = (text: string): void => folder.append('a.log', text)
  const head = format === 'cri' ? `${criTime} stdout F ` : ''
  /** Writes the beginning of a line; whatever is written next ends it. */
  const begin = (): void => {
    if (rest !== undefined) return
    const line = plainLine(written.length)
    write(head + line.slice(0, 4))
    rest = line.slice(4)
    written.push(line)
  }
  const complete = (): void => {
    if (rest !== undefined) write(`${rest}\n`)
    rest = undefined
  }
  const append = (lines: number): void => {
    for (let count = 0; count < lines; count++) {
      const line = plainLine(written.length)
      // Every third CRI line comes in two parts.
      if (format === 'cri' && written.length % 3 === 0) write(`${criTime} stdout P ${line.slice(0, 5)}\n${head}${line.slice(5)}\n`)
      else write(`${head}${line}\n`)
      written.push(line)
    }
  }
  const end = async (how: 'stop' | 'kill'): Promise<void> => {
    // A first run that was killed before it wrote anything knows nothing of files that are gone.
    if (how === 'kill' && source !== undefined)
      await vi.waitFor(() => expect(existsSync(folder.path('positions.yaml'))).toBe(true), { interval: 2 })
    await source?.[how]()
    sent.push(...(source?.texts() ?? []))
    source = undefined
  }

  try {
    for (const one of [...steps, { kind: 'rotate' } as const, { kind: 'start' } as const]) {
      if (one.kind === 'append' || one.kind === 'rotate') complete()
      if (one.kind === 'append') append(one.lines)
      else if (one.kind === 'part') begin()
      else if (one.kind === 'rotate') await ROTATIONS[rotation](folder)
      else if (one.kind === 'start') source ??= start()
      else if (one.kind === 'wait') await new Promise((resolve) => setTimeout(resolve, 20))
      else await end(one.kind)
    }
    const running = source
    const expected = new Set(written)
    await vi.waitFor(() => expect(new Set([...sent, ...(running?.texts() ?? [])])).toEqual(expected), { timeout: 5000, interval: 10 })
    await end('stop')
    return { written, sent }
  } finally {
    await source?.stop()
    folder.remove()
  }
}

/** Files that are told apart by their time of writing need times that differ. */
const clockTick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 12))
const rename = (folder: TestFolder, from: string, to: string): void => {
  if (existsSync(folder.path(from))) renameSync(folder.path(from), folder.path(to))
}
function compress(folder: TestFolder, name: string, to: string): void {
  if (!existsSync(folder.path(name))) return
  writeFileSync(folder.path(`${to}.tmp`), gzipSync(readFileSync(folder.path(name))))
  const { atime, mtime } = statSync(folder.path(name))
  utimesSync(folder.path(`${to}.tmp`), atime, mtime)
  rename(folder, `${to}.tmp`, to)
  rmSync(folder.path(name))
}
/** `a.log.1` to `a.log.2.gz`, that to `a.log.3.gz`, and so on. */
function shift(folder: TestFolder): void {
  for (let number = 9; number >= 2; number--) rename(folder, `a.log.${number}.gz`, `a.log.${number + 1}.gz`)
  compress(folder, 'a.log.1', 'a.log.2.gz')
}

type Rotation = keyof typeof ROTATIONS
/** As logrotate with delaycompress, without and with copytruncate, and as the kubelet does it behind a link. */
const ROTATIONS = {
  rename: async (folder: TestFolder): Promise<void> => {
    await clockTick()
    shift(folder)
    rename(folder, 'a.log', 'a.log.1')
    folder.append('a.log', '')
  },
  copytruncate: async (folder: TestFolder): Promise<void> => {
    await clockTick()
    shift(folder)
    if (!existsSync(folder.path('a.log'))) return
    copyFileSync(folder.path('a.log'), folder.path('a.log.1'))
    truncateSync(folder.path('a.log'))
  },
  kubelet: async (folder: TestFolder): Promise<void> => {
    await clockTick()
    const number = rotations++
    const name = (count: number): string => `real/0.log.20240101-${String(count).padStart(6, '0')}`
    compress(folder, name(number - 1), `${name(number - 1)}.gz`)
    rename(folder, 'real/0.log', name(number))
    folder.append('real/0.log', '')
  },
} as const
let rotations = 0

function prepare(folder: TestFolder, rotation: Rotation): void {
  if (rotation !== 'kubelet') return
  mkdirSync(folder.path('real'))
  folder.append('real/0.log', '')
  symlinkSync('real/0.log', folder.path('a.log'))
}

const CASES = [
  { format: 'plain', rotation: 'rename' },
  { format: 'cri', rotation: 'rename' },
  { format: 'plain', rotation: 'copytruncate' },
  { format: 'cri', rotation: 'kubelet' },
] as const

test.each(CASES)(
  '$format, $rotation: appended, rotated, compressed, restarted: every line once and in order',
  async ({ format, rotation }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { written, sent } = await play(steps, format, rotation)
        expect(sent).toEqual(written)
      }),
      { numRuns: RUNS },
    )
  },
  120_000,
)

test.each(CASES)(
  '$format, $rotation: killed too: every line at least once',
  async ({ format, rotation }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(stepOrKill, { maxLength: 12 }), async (steps) => {
        const { written, sent } = await play(steps, format, rotation)
        expect(new Set(sent)).toEqual(new Set(written))
      }),
      { numRuns: RUNS },
    )
  },
  120_000,
)
