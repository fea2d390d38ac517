#!/usr/bin/env node
// Plain JavaScript, so that an older Node can say what it lacks instead of failing on a type.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `clymene needs Node.js 22.19 or newer, found ${process.versions.node}; in a checkout \`npx clymene\` uses the one it installs\n`,
  )
  process.exit(2)
}
await import('../src/main.ts')
