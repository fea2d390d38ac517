import { appendFileSync, copyFileSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync, truncateSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import { compressRotated } from './compress-rotated.ts'
import type { History } from './history.ts'
import { lanesOf, piecesOf, type Format } from './lines.ts'
import type { Rotation } from './plan.ts'

/** What stood in a file at a path from its first byte until it was rotated away. */
export type Generation = {
  readonly path: string
  readonly inode: number
  /** Where its bytes are now; undefined when they are deleted. */
  at: string | undefined
  readonly lines: WrittenLine[]
  /** Its bytes were cut away where they stood, after a copy was made of all but the lines in the window. */
  truncatedMs?: number
  /** It was deleted while somebody may have been reading it. */
  deletedMs?: number
}

export type WrittenLine = {
  readonly lane: string
  readonly number: number
  readonly bytes: number
  readonly atMs: number
  readonly generation: Generation
  /** Written between the copy and the cut of a copytruncate: whoever rotates so throws it away. */
  readonly inWindow: boolean
}

export type LogFile = {
  readonly path: string
  readonly generations: readonly Generation[]
  readonly write: (lines: number) => void
  readonly rotate: () => void
  /** Deletes the whole folder, read or not. */
  readonly remove: () => void
}

export type LogFileOptions = {
  readonly path: string
  readonly index: number
  readonly format: Format
  readonly rotation: Rotation
  readonly history: History
  /** Whether a line has arrived: rotated files are deleted once all of theirs have. */
  readonly hasArrived: (lane: string, number: number) => boolean
  /** A link to the path, as those of /var/log/containers. */
  readonly link?: string
}

/** Rotated files that stay, however old. */
const KEPT = 2
/** Lines that come between a copy and the cut after it. */
const WINDOW_LINES = 1

/** One log file as its writer and whatever rotates it make it: every line is whole, and numbered within its lane. */
export function createLogFile(options: LogFileOptions): LogFile {
  const { path, index, format, rotation, history } = options
  const lanes = lanesOf(format, index)
  const next = new Map(lanes.map((lane) => [lane, 1]))
  const generations: Generation[] = []
  let rotations = 0
  let taken = 0
  let lastNs = 0n
  let current: Generation | undefined
  mkdirSync(dirname(path), { recursive: true })

  const nextTime = (): bigint => {
    const nowNs = BigInt(Date.now()) * 1_000_000n
    lastNs = nowNs > lastNs ? nowNs : lastNs + 1n
    return lastNs
  }
  const begin = (): Generation => {
    appendFileSync(path, '')
    const generation: Generation = { path, inode: statSync(path).ino, at: path, lines: [] }
    generations.push(generation)
    return generation
  }
  const take = (): { readonly lane: string; readonly number: number } => {
    const lane = lanes[taken++ % lanes.length] ?? ''
    const number = next.get(lane) ?? 1
    next.set(lane, number + 1)
    return { lane, number }
  }
  const note = (generation: Generation, name: { readonly lane: string; readonly number: number }, bytes: number, inWindow = false): void =>
    void generation.lines.push({ ...name, bytes, atMs: Date.now(), generation, inWindow })
  const write = (lines: number, inWindow = false): void => {
    current ??= begin()
    let text = ''
    for (let count = 0; count < lines; count++) {
      const name = take()
      const raw = piecesOf(format, name, nextTime()).join('')
      note(current, name, Buffer.byteLength(raw), inWindow)
      text += raw
    }
    appendFileSync(path, text)
  }
  const rotatedName = (): string =>
    rotation === 'shift' || rotation === 'copytruncate'
      ? `${path}.1`
      : `${path}.${new Date().toISOString().replaceAll(/[^0-9]/g, '')}-${rotations}`
  /** `.1` becomes `.2`, and so on, the oldest first. */
  const shift = (): void => {
    const moved = generations.filter(({ at }) => at !== undefined && at !== path)
    for (const generation of moved) {
      const at = generation.at ?? ''
      const [, number = '', ending = ''] = /\.(\d+)(\.gz)?$/.exec(at) ?? []
      const to = `${path}.${Number(number) + 1}${ending}`
      renameSync(at, to)
      generation.at = to
    }
  }
  const rename = (old: Generation): void => {
    // A runtime writes its pieces one by one: the rest of a line comes into the next file.
    const name = format === 'cri-partial' ? take() : undefined
    const pieces = name === undefined ? [] : piecesOf(format, name, nextTime())
    appendFileSync(path, pieces[0] ?? '')
    const to = rotatedName()
    renameSync(path, to)
    old.at = to
    current = begin()
    appendFileSync(path, pieces.slice(1).join(''))
    if (name !== undefined) note(pieces.length > 1 ? current : old, name, Buffer.byteLength(pieces.join('')))
  }
  const copyTruncate = (old: Generation): void => {
    copyFileSync(path, rotatedName())
    write(WINDOW_LINES, true)
    truncateSync(path, 0)
    old.truncatedMs = Date.now()
    old.at = rotatedName()
    current = begin()
  }
  const rotate = (): void => {
    const old = current
    if (old === undefined || old.lines.length === 0) return
    rotations++
    if (rotation === 'shift' || rotation === 'copytruncate') shift()
    if (rotation === 'copytruncate') copyTruncate(old)
    else rename(old)
    history.add(
      `rotated ${basename(dirname(path))}/${basename(path)} → ${basename(old.at ?? '')} after ${rangesOf(old)}, inode ${old.inode}`,
      index,
    )
    tidy()
  }
  const tidy = (): void => {
    const rotated = generations.filter((each) => each !== current && each.at !== undefined)
    if (rotation === 'kubelet' || rotation === 'shift')
      for (const generation of rotated.slice(0, -1)) compressRotated(generation, { keepsTime: rotation === 'shift' })
    // A line whose parts are in two files needs both until the agent has been told that it is stored, which nobody here can know.
    if (format === 'cri-partial') return
    for (const generation of rotated.slice(0, -KEPT)) {
      if (!generation.lines.every(({ lane, number, inWindow }) => inWindow || options.hasArrived(lane, number))) continue
      rmSync(generation.at ?? '')
      generation.at = undefined
    }
  }
  write(1)
  if (options.link !== undefined) {
    mkdirSync(dirname(options.link), { recursive: true })
    symlinkSync(path, options.link)
  }
  return {
    path,
    generations,
    write,
    rotate,
    remove: () => {
      history.add(`deleted ${path}`, index)
      for (const generation of generations) Object.assign(generation, { at: undefined, deletedMs: Date.now() })
      if (options.link !== undefined) rmSync(options.link)
      rmSync(join(path, '../..'), { recursive: true })
    },
  }
}

/** As `3o 17–40, 3e 16–39`. */
export function rangesOf({ lines }: Pick<Generation, 'lines'>): string {
  const lanes = Map.groupBy(lines, ({ lane }) => lane)
  return Array.from(lanes, ([lane, found]) => `${lane} ${found[0]?.number}–${found.at(-1)?.number}`).join(', ')
}
