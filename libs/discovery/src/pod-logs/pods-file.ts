import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

import { errorCode } from '@clymene/model'

import type { PodDescription } from './description.ts'

type Pods = Iterable<readonly [key: string, description: PodDescription]>

/**
 * Reads descriptions of pods by key: a line of JSON each, `[key, labels, [[container, labels], …]]`, where labels are `[name, value]`
 * pairs. No file is no pods.
 *
 * @throws Error when it cannot be read or a line is of another form.
 */
export async function readPodsFile(path: string): Promise<Pods> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return ''
    throw error
  })
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      const pod: unknown = parsed(line)
      if (!isPod(pod)) throw new Error(`line ${index + 1} is no description of a pod`)
      const [key, labels, containers] = pod
      return [key, { labels, containers }] as const
    })
}

/** Writes them so that a crash at any moment leaves a whole file. Annotations may be confidential: the file is its owner's. */
export async function writePodsFile(path: string, pods: Pods): Promise<void> {
  const lines = Array.from(pods, ([key, { labels, containers }]) => `${JSON.stringify([key, labels, containers])}\n`)
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.tmp`
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(lines.join(''))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

type Pair = readonly [string, string]

const isPair = (value: unknown): value is Pair =>
  Array.isArray(value) && value.length === 2 && value.every((text) => typeof text === 'string')
const isPairs = (value: unknown): value is readonly Pair[] => Array.isArray(value) && value.every(isPair)
const isContainer = (value: unknown): value is readonly [string, readonly Pair[]] =>
  Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && isPairs(value[1])
const isPod = (value: unknown): value is readonly [string, readonly Pair[], PodDescription['containers']] =>
  Array.isArray(value) &&
  value.length === 3 &&
  typeof value[0] === 'string' &&
  isPairs(value[1]) &&
  Array.isArray(value[2]) &&
  value[2].every(isContainer)
