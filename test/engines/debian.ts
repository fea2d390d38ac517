import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { cached, makeCached, withLock } from './cache.ts'
import { isOnPath, runCommand } from './run-command.ts'

const LOCK = 'apt'
const APT = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=300']
const environment = { DEBIAN_FRONTEND: 'noninteractive' }

/** Unpacks a Debian package into the cache without installing it: no service is started and nothing outside changes. */
export const unpackPackage = async (name: string): Promise<void> =>
  withLock(LOCK, async () => {
    await needApt(name)
    await makeCached(`debian/${name}`, async (path) => {
      const folder = mkdtempSync(join(tmpdir(), 'clymene-apt-'))
      try {
        await withFreshLists(() => runCommand('apt-get', ['-q', 'download', name], { directory: folder, environment }))
        const [file] = readdirSync(folder).filter((entry) => entry.endsWith('.deb'))
        if (file === undefined) throw new Error(`apt-get download ${name} left no package`)
        await runCommand('dpkg', ['-x', join(folder, file), path])
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    })
  })

/** The path of a file of an unpacked package. */
export const packageFile = (name: string, file: string): string => cached('debian', name, file)

/** Installs Debian packages unless `program` is on the PATH already. Needs root. */
export async function needProgram(program: string, packages: readonly string[]): Promise<void> {
  await withLock(LOCK, async () => {
    if (await isOnPath(program)) return
    await needApt(program)
    if (process.getuid?.() !== 0) throw new Error(`${program} is not here, and only root may install it (${packages.join(' ')})`)
    await withFreshLists(() => runCommand('apt-get', [...APT, 'install', '--no-install-recommends', ...packages], { environment }))
  })
}

async function needApt(what: string): Promise<void> {
  if (!(await isOnPath('apt-get'))) throw new Error(`${what} comes from Debian's packages, and there is no apt-get here`)
}

/** A new machine has no package lists, and old lists name files that are gone: then they are fetched and it is tried again. */
async function withFreshLists(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch {
    await runCommand('apt-get', ['-q', 'update'], { environment })
    await work()
  }
}
