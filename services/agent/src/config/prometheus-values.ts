import { parsePrometheusDuration } from '@clymene/sources'

import type { Section } from './section.ts'

/** Milliseconds of a duration of Prometheus' grammar; absent and `0` are the fallback, as there. */
export function readDuration(section: Section, key: string, fallback: number): number {
  const milliseconds = section.scalar(key, 0, 'a duration such as 15s or 1h30m', (text) => {
    const value = parsePrometheusDuration(text)
    if (value === undefined) throw new Error('expected a duration such as 15s or 1h30m: whole numbers, units from large to small')
    return value
  })
  return milliseconds === 0 ? fallback : milliseconds
}

/** Bytes of a size of Prometheus' grammar; absent and `0` are the fallback. */
export function readSize(section: Section, key: string, fallback: number): number {
  const bytes = section.scalar(key, 0, 'a size with a unit such as 512KB or 64MiB', parseSize)
  return bytes === 0 ? fallback : bytes
}

/** A whole number; absent and 0 are the fallback. */
export const readLimit = (section: Section, key: string, fallback: number): number => section.int(key, 0) || fallback

const UNITS: ReadonlyMap<string, number> = new Map(['', 'K', 'M', 'G', 'T', 'P', 'E'].map((unit, power) => [unit, 1024 ** power]))

/** `64MB`, `64MiB`, `1GB512MB`: every unit is a power of 1024, in capital letters and never left out; `0` needs none. */
function parseSize(text: string): number {
  if (text === '0') return 0
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)([KMGTPE]?)(iB|B)/g)]
  const isOneKind = new Set(parts.flatMap(([, , unit, ending]) => (unit === '' ? [] : [ending]))).size <= 1
  if (
    parts.length === 0 ||
    !isOneKind ||
    parts.map(([part]) => part).join('') !== text ||
    parts.some(([, , unit, end]) => unit === '' && end === 'iB')
  )
    throw new Error('expected a size with a unit such as 512KB or 64MiB')
  const bytes = Math.trunc(parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS.get(unit ?? '') ?? 0), 0))
  if (!Number.isSafeInteger(bytes)) throw new Error('expected less than 8PiB')
  return bytes
}
