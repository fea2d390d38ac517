import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { freePort } from '@clymene/runtime/testing'
import { afterEach, expect, test, vi } from 'vitest'

import { makeDataDirectory } from './data-directory.ts'
import { answers, type Engine, startEngine } from './engine.ts'

// A server that counts its starts in its data directory and says so.
const SERVER = `
  const { existsSync, readFileSync, writeFileSync } = require('node:fs')
  const starts = 1 + (existsSync('starts') ? Number(readFileSync('starts', 'utf8')) : 0)
  writeFileSync('starts', String(starts))
  require('node:http').createServer((_, answer) => answer.end(String(starts))).listen(Number(process.argv[1]), '127.0.0.1')
`
const started: Engine[] = []
afterEach(async () => {
  await Promise.all(started.splice(0).map((engine) => engine.stop()))
})

async function startServer(program = SERVER): Promise<Engine> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const directory = makeDataDirectory('fake')
  const args = ['-e', program, String(port)]
  const engine = await startEngine({ name: 'Fake', url, directory, command: process.execPath, args, isReady: answers(url) })
  started.push(engine)
  return engine
}

const startsOf = async ({ url }: Engine): Promise<string> => (await fetch(url)).text()

/** A process that ended counts as such also while nobody has collected its status. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^\d+ \(.*\) Z/.test(process.platform === 'linux' ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '')
  } catch {
    return false
  }
}

test('stop ends it and removes its data; twice is once', async () => {
  const engine = await startServer()
  expect(await startsOf(engine)).toBe('1')
  const { pid } = engine
  await engine.stop()
  await engine.stop()
  expect(isAlive(pid)).toBe(false)
  expect(existsSync(engine.directory)).toBe(false)
})

test.each(['halt', 'kill'] as const)('%s keeps its data and address for restart', async (end) => {
  const engine = await startServer()
  await engine[end]()
  await expect(fetch(engine.url)).rejects.toThrow('fetch failed')
  await engine.restart()
  expect(await startsOf(engine)).toBe('2')
})

test('restart of a running one halts it first', async () => {
  const engine = await startServer()
  const { pid } = engine
  await engine.restart()
  expect(engine.pid).not.toBe(pid)
  expect(isAlive(pid)).toBe(false)
  expect(await startsOf(engine)).toBe('2')
})

test('a paused one takes connections and does not answer; it can be stopped as it is', async () => {
  const engine = await startServer()
  await engine.pause()
  await expect(fetch(engine.url, { signal: AbortSignal.timeout(200) })).rejects.toThrow(/timeout/)
  engine.resume()
  expect(await startsOf(engine)).toBe('1')
  await engine.pause()
  await engine.stop()
  expect(isAlive(engine.pid)).toBe(false)
})

test('one that ends instead of serving is told with its status and what it wrote', async () => {
  await expect(startServer('console.error("no licence"); process.exit(3)')).rejects.toThrow(/Fake ended with status 3.*no licence/s)
})

test('a program that is not there is told by name', async () => {
  const directory = makeDataDirectory('fake')
  const start = startEngine({ name: 'Fake', url: '', directory, command: '/no/such/program', args: [], isReady: async () => false })
  await expect(start).rejects.toThrow(/Fake (could not be started|ended with status)/)
  expect(existsSync(directory)).toBe(false)
})

// Only Linux tells a process of its parent's death.
test.skipIf(process.platform !== 'linux')('it dies with a process that was killed outright', async () => {
  const directory = makeDataDirectory('parent')
  const script = join(directory, 'parent.ts')
  writeFileSync(
    script,
    `import { startEngine } from ${JSON.stringify(join(import.meta.dirname, 'engine.ts'))}
     const engine = await startEngine({ name: 'Fake', url: '', directory: ${JSON.stringify(directory)}, command: process.execPath,
       args: ['-e', 'setInterval(() => {}, 1000)'], isReady: async () => true })
     process.stdout.write(String(engine.pid))
     setInterval(() => {}, 1000)`,
  )
  const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)))
  expect(isAlive(pid)).toBe(true)
  parent.kill('SIGKILL')
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 10_000 })
})
