/**
 * A program to be observed: it writes its name (`SHOP_NAME`) and `SHOP_LINES` numbered lines, 200 a second, serves /metrics on 8080 and goes on until
 * it is ended. Half-way it falls, once: `SHOP_STATE` is a file that remembers.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'

const lines = Number(process.env['SHOP_LINES'] ?? 0)
const state = process.env['SHOP_STATE'] ?? ''
let written = existsSync(state) ? lines / 2 : 0
const last = existsSync(state) ? lines : lines / 2

process.stdout.write(`shop of ${process.env['SHOP_NAME']}\n`)
const writing = setInterval(() => {
  for (let left = 20; left > 0 && written < last; left--) process.stdout.write(`line ${++written}\n`)
  if (written < last) return
  clearInterval(writing)
  if (last === lines) return
  writeFileSync(state, '')
  // Nothing of an error: process.exit would not wait for what is still to be written.
  process.stderr.write('fatal: this shop falls once\n', () => process.exit(3))
}, 100)

createServer((_request, response) => {
  response.setHeader('content-type', 'text/plain; version=0.0.4').end(`# TYPE shop_lines_total counter\nshop_lines_total ${written}\n`)
}).listen(8080)
process.on('SIGTERM', () => process.exit(0))
