/** A program to be observed: it writes `SHOP_LINES` numbered lines, some a second, serves /metrics on 8080 and goes on until it is ended. */
import { createServer } from 'node:http'

const lines = Number(process.env['SHOP_LINES'] ?? 0)
let written = 0
const writing = setInterval(() => {
  for (let left = 20; left > 0 && written < lines; left--) process.stdout.write(`line ${++written}\n`)
  if (written >= lines) clearInterval(writing)
}, 100)

createServer((_request, response) => {
  response.setHeader('content-type', 'text/plain; version=0.0.4').end(`# TYPE shop_lines_total counter\nshop_lines_total ${written}\n`)
}).listen(8080)
process.on('SIGTERM', () => process.exit(0))
