import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { bundle } from './bundle.ts'

let project = ''
beforeEach(() => {
  project = mkdtempSync(join(import.meta.dirname, '../node_modules/.bundle-test-'))
  mkdirSync(join(project, 'src'))
  writeFileSync(join(project, 'package.json'), '{"type": "module"}')
})
afterEach(() => rmSync(project, { recursive: true }))

/** What a program prints, and the text of its bundle. */
async function run(program: string): Promise<{ readonly printed: unknown; readonly text: string }> {
  writeFileSync(join(project, 'src/main.ts'), program)
  const file = join(project, 'dist/main.cjs')
  await bundle(project, file)
  return { printed: JSON.parse(execFileSync(process.execPath, [file], { encoding: 'utf8' })), text: readFileSync(file, 'utf8') }
}

test('packages that few need are loaded when something of them is used: namespaces, default imports, files that export a class or function', async () => {
  const { printed } = await run(`
    import kafkajs, { logLevel } from 'kafkajs'
    import Decoder from 'kafkajs/src/protocol/decoder.js'
    import filterAbortedMessages from 'kafkajs/src/consumer/filterAbortedMessages.js'
    import { status, Metadata } from '@grpc/grpc-js'
    import { errors } from '@elastic/elasticsearch'
    // The client of Elasticsearch brings undici, which leaves a mark when it is loaded.
    const isLoaded = () => Object.getOwnPropertySymbols(globalThis).some((symbol) => String(symbol).includes('undici'))
    const before = isLoaded()
    const used = [
      kafkajs.CompressionTypes.LZ4,
      logLevel.NOTHING,
      new Decoder(Buffer.from([0, 7])).readInt16(),
      Decoder.prototype.readInt16.name,
      filterAbortedMessages({ messages: [], abortedTransactions: [] }),
      status.UNAVAILABLE,
      new Metadata().toJSON(),
      new errors.ConnectionError('x').name,
    ]
    console.log(JSON.stringify({ used, loaded: [before, isLoaded()] }))
  `)
  expect(printed).toEqual({ used: [3, 0, 7, 'readInt16', [], 14, {}, 'ConnectionError'], loaded: [false, true] })
})

test('of undici a bundle has the client, and loads the rest for a single request', async () => {
  const { printed } = await run(`
    import { createServer } from 'node:http'
    import { Agent, buildConnector, Client, Dispatcher, Pool, request } from 'undici'
    const server = createServer((_, response) => response.end('here')).listen(0, '127.0.0.1', async () => {
      const origin = 'http://127.0.0.1:' + server.address().port
      const agent = new Agent({ connect: buildConnector({}) })
      const texts = []
      const ask = async ({ statusCode, body }) => texts.push([statusCode, await body.text()])
      for (const client of [agent, new Pool(origin), new Client(origin)]) {
        await ask(await client.request({ origin, path: '/', method: 'GET' }))
        await client.close()
      }
      await ask(await request(origin, { dispatcher: new Agent({ pipelining: 0 }) }))
      server.close()
      console.log(JSON.stringify([agent instanceof Dispatcher, texts]))
    })
  `)
  expect(printed).toEqual([true, Array.from({ length: 4 }, () => [200, 'here'])])
  await expect(run(`import { fetch } from 'undici'; console.log(fetch)`)).rejects.toThrow('No matching export')
})

test('packages that are used later lie beside the bundle, their text is no part of it', async () => {
  const { text } = await run(`
    import { Kafka } from 'kafkajs'
    console.log(typeof Kafka === 'function' && JSON.stringify(new Kafka({ brokers: ['localhost:9'] }).producer !== undefined))
  `)
  expect(text.length).toBeLessThan(10_000)
})

test('a bundle is ASCII, and its texts are what they were', async () => {
  const { printed, text } = await run(`
    const unit = /^\\d+(µs|μs|😀)$/u
    const raw = \`\${1}·é😀\`
    console.log(JSON.stringify([unit.test('1μs'), unit.test('1😀'), unit.test('1s'), raw, 'über']))
  `)
  expect(printed).toEqual([true, true, false, '1·é😀', 'über'])
  expect(Buffer.byteLength(text)).toBe(text.length)
})
