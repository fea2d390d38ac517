import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'

/** Longer lines are written in parts, as container runtimes do. */
const PART = 16 * 1024

/** Writes what a container prints as the CRI has it: `2026-01-01T00:00:00.000000000Z stdout F line`. Root and its group may read it. */
export function keepLog(path: string, streams: Readonly<Record<'stdout' | 'stderr', Readable>>): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  const file = openSync(path, 'a', 0o640)
  const ends = (['stdout', 'stderr'] as const).map(
    (name) =>
      new Promise<void>((resolve) => {
        let rest = Buffer.alloc(0)
        const write = (line: Buffer, tag: 'F' | 'P'): void => {
          writeSync(file, Buffer.concat([Buffer.from(`${now()} ${name} ${tag} `), line, Buffer.from('\n')]))
        }
        streams[name].on('data', (chunk: Buffer) => {
          rest = Buffer.concat([rest, chunk])
          for (;;) {
            const end = rest.indexOf(10)
            if (end >= 0 && end <= PART) {
              write(rest.subarray(0, end), 'F')
              rest = rest.subarray(end + 1)
            } else if (rest.length > PART) {
              write(rest.subarray(0, PART), 'P')
              rest = rest.subarray(PART)
            } else return
          }
        })
        streams[name].once('close', () => {
          if (rest.length > 0) write(rest, 'P')
          resolve()
        })
      }),
  )
  return Promise.all(ends).then(() => closeSync(file))
}

/** What a container printed since it was started last: its newest log file without times and tags. */
export function readLog(podLogs: string, container: string, tailLines: number): string | undefined {
  const folder = join(podLogs, container)
  if (!existsSync(folder)) return undefined
  const [newest] = readdirSync(folder).toSorted((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10))
  if (newest === undefined) return undefined
  const lines = readFileSync(join(folder, newest), 'utf8').split('\n').slice(0, -1)
  return lines
    .map((line) => `${line.split(' ').slice(3).join(' ')}\n`)
    .slice(-tailLines)
    .join('')
}

const START = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint()

/** The time in nanoseconds: lines of one millisecond stay apart. */
function now(): string {
  const nanoseconds = START + process.hrtime.bigint()
  const seconds = new Date(Number(nanoseconds / 1_000_000n)).toISOString().slice(0, 19)
  return `${seconds}.${String(nanoseconds % 1_000_000_000n).padStart(9, '0')}Z`
}
