import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PREFIX = 'clymene-engine-'

/** A new folder that names its process; those of processes that died without cleaning up are removed on the way. */
export function makeDataDirectory(engine: string): string {
  for (const entry of readdirSync(tmpdir())) {
    const [, pid] = /^clymene-engine-(\d+)-/.exec(entry) ?? []
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(tmpdir(), entry), { recursive: true, force: true })
  }
  return mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-${engine}-`))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
