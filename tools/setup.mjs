/**
 * Makes a clone ready to run: installs the dependencies when they are missing or differ from package-lock.json, and
 * checks that what runs next is a new enough Node. Says nothing and needs no network when there is nothing to do.
 *
 * Plain JavaScript, because the Node that starts it may be too old for the rest (20 is enough here): the newer one
 * comes with the dependencies as node_modules/.bin/node, which npm puts before the system's own on the PATH.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..')
const ownNode = join(root, 'node_modules/.bin/node')

let reason = whyInstall()
if (reason !== undefined) {
  process.stderr.write(`Installing dependencies (${reason}); about a minute the first time.\n`)
  install()
  reason = whyInstall()
  if (reason !== undefined) fail(`npm ci ran without an error, but ${reason}.`)
}
checkNode()

/** What makes an installation necessary; undefined when everything locked is there. */
function whyInstall() {
  const locked = packagesOf('package-lock.json')
  if (locked === undefined) fail('package-lock.json is missing or not readable: is this a complete clone?')
  const installed = packagesOf('node_modules/.package-lock.json')
  if (installed === undefined) return 'node_modules is missing or incomplete'
  for (const [path, entry] of locked) {
    const found = installed.get(path)
    // What fits another platform is locked too, and never installed here.
    if (path === '' || (found === undefined && entry.optional === true)) continue
    if (path.startsWith('node_modules/') && !existsSync(join(root, path)) && entry.optional !== true) return `${path} is missing`
    if (found === undefined || found.version !== entry.version) return `${path} is not as locked`
  }
  return [...installed.keys()].some((path) => !locked.has(path)) ? 'node_modules has what is no longer locked' : undefined
}

function packagesOf(file) {
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(join(root, file), 'utf8')).packages))
  } catch {
    return undefined
  }
}

function install() {
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (npm.error !== undefined) fail(`npm could not be started: ${npm.error.message}`)
  if (npm.signal !== null) fail(`npm ci was ended by ${npm.signal}.`)
  if (npm.status !== 0) fail(`npm ci failed with status ${npm.status}; its message is above.`)
}

function checkNode() {
  const needed = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node.replace('>=', '')
  const found = existsSync(ownNode) ? spawnSync(ownNode, ['--version'], { encoding: 'utf8' }).stdout : process.version
  if (!found) fail(`${ownNode} does not run on this system: Node ${needed} or newer is needed.`)
  if (!atLeast(found.trim().slice(1), needed)) {
    fail(`Node ${needed} or newer is needed, found ${found.trim()} (${existsSync(ownNode) ? ownNode : process.execPath}).`)
  }
}

function atLeast(found, needed) {
  const have = found.split('.').map(Number)
  for (const [place, number] of needed.split('.').map(Number).entries()) {
    if ((have[place] ?? 0) !== number) return (have[place] ?? 0) > number
  }
  return true
}

function fail(message) {
  process.stderr.write(`setup: ${message}\n`)
  process.exit(1)
}
