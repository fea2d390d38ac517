/** `npm run fuzz`: see options.ts for its flags. Ends with status 0 when nothing was found, 1 when something was, 2 for wrong flags. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'

import type { FuzzWork } from './fuzz-worker.ts'
import { type Finding, inputOf } from './fuzz.ts'
import { readOptions, USAGE } from './options.ts'
import { problemOf } from './subject.ts'
import { SUBJECTS } from './subjects/index.ts'

/** An input that takes more CPU than this, minimising it included, is never read to its end. Not a clock: the machine may have other work. */
const HANG_CPU_MS = 30_000
const MEMORY_MB = 1024

const options = readOptions(process.argv.slice(2))
if (typeof options === 'string') {
  process.stderr.write(`${options}\n`)
  process.exit(2)
}
const { isHelp, seconds, seed, only, replay, out } = options
const subjects = SUBJECTS.filter(({ name }) => only.includes(name))
const progress = new Int32Array(new SharedArrayBuffer(4 * (subjects.length + 1)))

if (isHelp) process.stdout.write(USAGE)
else if (replay !== undefined) process.exitCode = readAgain(replay)
else {
  process.stdout.write(`seed ${seed}, ${seconds} s: ${only.join(', ')}\n`)
  const finding = await search()
  process.stdout.write(`${counts()}\n`)
  if (finding !== undefined) report(finding)
}

function readAgain(file: string): number {
  const [subject] = subjects
  const problem = subject === undefined ? undefined : problemOf(subject, readFileSync(file))
  process.stdout.write(`${problem ?? 'nothing is wrong with it'}\n`)
  return problem === undefined ? 0 : 1
}

/** What was found first; a hang or too much memory is told by the input that was being read. */
async function search(): Promise<Finding | undefined> {
  const workerData: FuzzWork = { names: subjects.map(({ name }) => name), seed, seconds, progress }
  const worker = new Worker(new URL('fuzz-worker.ts', import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
  })
  const { promise, resolve } = Promise.withResolvers<Finding | undefined>()
  let seen = counts()
  let since = cpuMs()
  const watch = setInterval(() => {
    if (counts() !== seen) [seen, since] = [counts(), cpuMs()]
    else if (cpuMs() - since > HANG_CPU_MS) resolve(current(`no answer within ${HANG_CPU_MS} ms of CPU`))
  }, 1000)
  worker.on('message', resolve)
  worker.on('error', (error) => resolve(current(String(error))))
  process.once('SIGINT', () => {
    process.exitCode = 130
    resolve(undefined)
  })
  try {
    return await promise
  } finally {
    clearInterval(watch)
    await worker.terminate()
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function current(problem: string): Finding | undefined {
  const place = Atomics.load(progress, subjects.length)
  const subject = subjects[place]
  return subject === undefined ? undefined : { subject: subject.name, input: inputOf(subject, seed, progress[place] ?? 0), problem }
}

function counts(): string {
  return subjects.map(({ name }, place) => `${name} ${progress[place]}`).join(', ')
}

function report({ subject, input, problem }: Finding): void {
  const bytes = Buffer.from(input)
  const file = join(out, `fuzz-${subject}-${createHash('sha256').update(bytes).digest('hex').slice(0, 8)}`)
  mkdirSync(out, { recursive: true })
  writeFileSync(file, bytes)
  process.stdout.write(`${problem}\n\n${subject}: ${bytes.length} bytes in ${file}; npm run fuzz -- --only=${subject} --replay=${file}\n`)
  process.exitCode = 1
}
