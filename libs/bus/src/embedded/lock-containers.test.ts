import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { describe, expect, onTestFinished, test } from 'vitest'

import { temporaryDirectory } from './test-kit.ts'

const WRITER = join(import.meta.dirname, 'crash-writer.ts')
/** A pid namespace of its own, as a container has: the process is number 1 there. */
const CONTAINED = ['-pf', '--mount-proc', '--kill-child']
const isAllowed = spawnSync('unshare', [...CONTAINED, 'true'], { timeout: 20_000 }).status === 0

function startWriter(directory: string) {
  const child = spawn('unshare', [...CONTAINED, process.execPath, WRITER, directory, '0'], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

describe.skipIf(!isAllowed)(`containers that share a directory${isAllowed ? '' : ' (no unshare)'}`, () => {
  test('only one of them writes; another has it when the first was killed', { timeout: 120_000 }, async () => {
    const directory = temporaryDirectory()
    const first = startWriter(directory)
    await once(first.stdout, 'data')
    // Its acknowledgements would fill the pipe, and it would stand still.
    first.stdout.resume()
    const second = startWriter(directory)
    const [told, [code]] = await Promise.all([text(second.stderr), once(second, 'exit')])
    expect(told).toMatch(/lock is held by process 1 of .+: stop it first/)
    expect(code).not.toBe(0)
    first.kill('SIGKILL')
    await once(startWriter(directory).stdout, 'data')
  })
})
