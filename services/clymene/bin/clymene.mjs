#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'

// Plain JavaScript, so that an older Node can say what it lacks instead of failing on a type.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `clymene needs Node.js 22.19 or newer, found ${process.versions.node}; in a checkout \`npx --no clymene\` uses the one it installs\n`,
  )
  process.exit(2)
}
// Bodies stand outside of the heap and what is beside them lives for milliseconds: when what is young stays small it is collected
// before it counts as old. That takes 50 to 80 MB less and no more CPU time (docs/performance.md). It has to be said before anything is loaded.
if (/^(?:promtail-)?(?:gateway|ingester|agent)$/.test(process.argv[2] ?? '')) setFlagsFromString('--semi-space-growth-factor=1')
await import('../src/main.ts')
