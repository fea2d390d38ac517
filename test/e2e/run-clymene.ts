import { spawn } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

export type Ended = { readonly status: number | null; readonly stdout: readonly string[]; readonly stderr: string }

/** Node's cache of what it compiled once. */
const compiled = process.env['NODE_COMPILE_CACHE']

/** A command of ours that ends by itself, with no variables of its own but PATH. */
export function runClymene(words: readonly string[]): Promise<Ended> {
  const child = spawn(join(root, 'node_modules/.bin/node'), [join(root, 'services/clymene/bin/clymene.mjs'), ...words], {
    env: { PATH: process.env['PATH'], ...(compiled !== undefined && { NODE_COMPILE_CACHE: compiled }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => resolve({ status, stdout: stdout.split('\n').filter((line) => line !== ''), stderr }))
  })
}
