import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { freePort } from './free-port.ts'

const run = promisify(execFile)

const ELSEWHERE = `import { freePort } from ${JSON.stringify(join(import.meta.dirname, 'free-port.ts'))}
const ports = []
for (let port = 0; port < 1500; port++) ports.push(await freePort())
process.stdin.resume().once('end', () => process.exit()) && console.log(ports.join())`

test('processes side by side are never given the same port, though none listens yet', async () => {
  const children = [1, 2, 3].map(() => run(process.execPath, ['--input-type=module', '--eval', ELSEWHERE]))
  const printed = children.map(({ child }) => new Promise<string>((resolve) => child.stdout?.once('data', resolve)))
  const ports = (await Promise.all(printed)).flatMap((line) => line.trim().split(','))
  for (const { child } of children) child.stdin?.end()
  await Promise.all(children)
  expect(new Set(ports).size).toBe(4500)
})

test('a port is one that can be listened on', async () => {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    void freePort().then((port) => server.once('error', reject).listen(port, '127.0.0.1', resolve), reject)
  })
  expect(server.listening).toBe(true)
  server.close()
})
