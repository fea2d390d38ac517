import type { ExpositionFormat } from '@clymene/wire'

import type { Random } from '../../chaos/random.ts'
import { BODIES, EOF } from '../bodies.ts'
import { EXPOSITION_WORDS } from '../exposition-words.ts'
import { readFastPage } from '../fast-page.ts'
import { excerpt, mutate } from '../mutate.ts'
import type { ReadPage } from '../reference/read-page.ts'
import { readPlainPage } from '../reference/read-plain-page.ts'
import { difference, type Subject } from '../subject.ts'

/** A megabyte a second, at the very least: what takes longer has a loop in it that grows faster than the page. */
const SLOWEST_MS = 1000
const LARGE_BYTES = 1_000_000

/** The agent's reader of a format against the plain one. */
export const expositionSubject = (format: ExpositionFormat): Subject => ({
  name: format,
  make: (random) => makePage(format, random),
  problem: (page) => {
    const began = process.threadCpuUsage()
    const fast = readFastPage(page, format)
    const { user, system } = process.threadCpuUsage(began)
    const ms = (user + system) / 1000
    if (ms > SLOWEST_MS * Math.max(1, page.length / LARGE_BYTES)) return `slow: ${page.length} bytes took ${ms} ms`
    return difference({ fast: withoutReason(fast), plain: withoutReason(readPlainPage(page, format)) })
  },
})

const withoutReason = (page: ReadPage): unknown => ('refused' in page ? 'refused' : page)

/** Mostly a few lines, now and then a page of a megabyte that repeats what is hard to read. */
export function makePage(format: ExpositionFormat, random: Random): Buffer {
  const body = random.pick(BODIES[format])
  const words = [...EXPOSITION_WORDS, numberText(random), numberText(random)]
  const piece = mutate(excerpt(body, random, random.pick([1, 3, 10, 40])), random, words)
  const page =
    random.next() < 1 / 5000 ? Buffer.alloc(LARGE_BYTES, Buffer.concat([mutate(piece, random, words), Buffer.from('\n')])) : piece
  if (format === 'text' || random.next() < 0.05) return page
  return Buffer.concat(page.at(-1) === 0x0a ? [page, EOF] : [page, Buffer.from('\n'), EOF])
}

/** Numbers of every length and size: where digits and exponents stop being exact, readers differ. */
function numberText(random: Random): string {
  const digits = (most: number): string => Array.from({ length: random.between(0, most) }, () => random.between(0, 9)).join('')
  const exponent = random.pick(['', '', `e${random.between(-30, 30)}`, `E+${random.between(0, 320)}`, `e-${random.between(0, 340)}`])
  return ` ${random.pick(['', '', '-'])}${digits(random.pick([3, 8, 19]))}${random.pick(['', '.'])}${digits(random.pick([3, 12, 19]))}${exponent}`
}
