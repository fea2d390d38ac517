import { describe, expect, test } from 'vitest'

import { readDuration, readLimit, readSize } from './prometheus-values.ts'
import { openYaml, type Section } from './section.ts'

function reading<T>(value: string, read: (root: Section) => T): { readonly value: T; readonly mistakes: readonly string[] } {
  const mistakes: string[] = []
  return { value: read(openYaml(`k: ${value}`, 'f.yml', mistakes)), mistakes }
}

const duration = (root: Section): number => readDuration(root, 'k', 7)
const size = (root: Section): number => readSize(root, 'k', 7)
const limit = (root: Section): number => readLimit(root, 'k', 7)

describe('a duration', () => {
  test.each<[text: string, milliseconds: number]>([
    ['15s', 15_000],
    ['1h30m', 5_400_000],
    ['1y2w3d4h5m6s7ms', 365 * 86_400_000 + 17 * 86_400_000 + 4 * 3_600_000 + 5 * 60_000 + 6007],
    ['"90s"', 90_000],
    ['0', 7],
    ['0s', 7],
    ['', 7],
    ['null', 7],
  ])('%s', (text, milliseconds) => {
    expect(reading(text, duration)).toEqual({ value: milliseconds, mistakes: [] })
  })

  test.each(['15', '1.5h', '30m1h', '1h 30m', '-1s', '+1s', '15S', '15sec', '1us', 'soon', '""', '9999999999y'])('%s is none', (text) => {
    const { value, mistakes } = reading(text, duration)
    expect(value).toBe(7)
    expect(mistakes).toEqual([expect.stringMatching(/^f\.yml:1: k: found ".*", expected a duration such as 15s or 1h30m/)])
  })
})

describe('a size', () => {
  test.each<[text: string, bytes: number]>([
    ['1B', 1],
    ['10KB', 10_240],
    ['10KiB', 10_240],
    ['1.5MB', 1_572_864],
    ['.5GiB', 536_870_912],
    ['1TB', 1024 ** 4],
    ['1GB512MB', 1.5 * 1024 ** 3],
    ['1KiB1B', 1025],
    ['0', 7],
    ['0B', 7],
    ['', 7],
  ])('%s', (text, bytes) => {
    expect(reading(text, size)).toEqual({ value: bytes, mistakes: [] })
  })

  test.each(['100', '10kB', '10mb', '10M', '10 MB', '-1MB', '1iB', '1GB1MiB', 'MB', '1MB!', '10 lines', '""'])('%s is none', (text) => {
    expect(reading(text, size)).toEqual({
      value: 7,
      mistakes: [`f.yml:1: k: found ${JSON.stringify(text.replaceAll('"', ''))}, expected a size with a unit such as 512KB or 64MiB`],
    })
  })

  test('one that no number of bytes can be', () => {
    expect(reading('9EB', size).mistakes).toEqual(['f.yml:1: k: found "9EB", expected less than 8PiB'])
  })
})

test.each<[text: string, value: number]>([
  ['5', 5],
  ['0', 7],
  ['', 7],
])('a limit of %j', (text, value) => {
  expect(reading(text, limit)).toEqual({ value, mistakes: [] })
})
