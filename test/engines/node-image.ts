import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { stageNamed, stagesOf } from '../images/dockerfile.ts'
import { cached, makeCached } from './cache.ts'
import { needProgram, packageFile, unpackPackage } from './debian.ts'
import { runCommand } from './run-command.ts'

const root = join(import.meta.dirname, '../..')
const SUITE = 'trixie'
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The stage that takes journalctl from Debian; when it changes it is run anew. */
const journalctlStage = stageNamed(stagesOf(readFileSync(join(root, 'services/agent/Dockerfile'), 'utf8')), 'journalctl')

/**
 * The base of our images, made from what it is made from: the packages of Debian's slim image, and Node. What Docker's Node image has besides
 * (npm, yarn) no service uses.
 */
export const nodeImageRoot = cached(`roots/node-${process.versions.node}-${SUITE}`)
export const nodeImageEnvironment: Readonly<Record<string, string>> = { PATH }

/** What the stage `journalctl` of the agent's Dockerfile made: `files` is in it. */
export const journalctlRoot = cached(`roots/journalctl-${createHash('sha256').update(journalctlStage.text).digest('hex').slice(0, 16)}`)

export const isNodeImageInstalled = (): boolean => existsSync(nodeImageRoot) && existsSync(journalctlRoot)

/** From Debian's mirror, about a minute. Needs root: it goes into the new root to set it up. */
export async function installNodeImage(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('the root of an image is made by debootstrap, which only root may do')
  if (!existsSync(nodeImageRoot)) await makeCached(nodeImageRoot.slice(cached().length + 1), makeRoot)
  await makeCached(journalctlRoot.slice(cached().length + 1), makeJournalctl)
}

async function makeRoot(path: string): Promise<void> {
  await unpackPackage('debootstrap')
  await unpackPackage('debian-archive-keyring')
  await needProgram('wget', ['wget', 'ca-certificates'])
  const keyring = packageFile('debian-archive-keyring', 'usr/share/keyrings/debian-archive-keyring.gpg')
  const script = packageFile('debootstrap', 'usr/sbin/debootstrap')
  mkdirSync(path, { mode: 0o755 })
  // As in Docker's image; on a busy disk dpkg waits for minutes otherwise.
  mkdirSync(join(path, 'etc/dpkg/dpkg.cfg.d'), { recursive: true })
  writeFileSync(join(path, 'etc/dpkg/dpkg.cfg.d/docker-apt-speedup'), 'force-unsafe-io\n')
  await runCommand(
    'sh',
    // Node is linked against libatomic; Docker's Node image has it, too.
    [script, '--variant=minbase', '--include=libatomic1', `--keyring=${keyring}`, SUITE, path, await mirror()],
    { environment: { DEBOOTSTRAP_DIR: packageFile('debootstrap', 'usr/share/debootstrap') } },
  )
  copyFileSync(process.execPath, join(path, 'usr/local/bin/node'))
  for (const rest of ['var/cache/apt/archives', 'var/lib/apt/lists', 'var/cache/debconf', 'var/log'])
    await runCommand('find', [join(path, rest), '-type', 'f', '-delete'])
}

/** The mirror that this machine's apt uses, if it uses one of Debian. */
async function mirror(): Promise<string> {
  const sites = await runCommand('apt-get', ['indextargets', '--format', '$(ORIGIN) $(SITE)', 'Created-By: Packages'])
  return /^Debian (\S+\/debian)\/?$/m.exec(sites)?.[1] ?? 'http://deb.debian.org/debian'
}

/** Runs what the stage says in a copy of the base. */
async function makeJournalctl(path: string): Promise<void> {
  const copy = mkdtempSync(join(tmpdir(), 'clymene-journalctl-'))
  try {
    await runCommand('cp', ['-a', `${nodeImageRoot}/.`, copy])
    copyFileSync('/etc/resolv.conf', join(copy, 'etc/resolv.conf'))
    let directory = '/'
    for (const { name, words } of journalctlStage.instructions) {
      if (name === 'WORKDIR') mkdirSync(join(copy, (directory = words)), { recursive: true })
      else if (name === 'RUN')
        await runCommand('chroot', [copy, 'env', '-C', directory, 'sh', '-c', words], { environment: { PATH, TARGETARCH: '' } })
      else if (name !== 'ARG') throw new Error(`${name} ${words}: not known in the stage journalctl`)
    }
    mkdirSync(path)
    await runCommand('cp', ['-a', join(copy, 'files'), path])
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}
