import { renameSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { makeCached } from './cache.ts'
import { isOnPath, runCommand } from './run-command.ts'

export type GoProgram = {
  /** The package of its `main`, without the version. */
  readonly package: string
  /** Of its module, without the `v`. The checksum database of Go says that it is what everybody has. */
  readonly version: string
  /** Variables that carry the version, by their import path; `-X` of the linker. */
  readonly variables?: Readonly<Record<string, string>>
}

/** How often modules are asked for: what was downloaded stays, so another try goes on where the network failed. */
const TRIES = 3

/** Builds a program by `go install` into the cache. Rejects with what Go said last. */
export async function goInstall(cachedName: string, program: GoProgram): Promise<void> {
  if (!(await isOnPath('go'))) throw new Error(`${program.package} is built by the Go toolchain, 1.21 or newer, and there is no go here`)
  await makeCached(cachedName, async (path) => {
    await tryInstall(dirname(path), program, TRIES)
    renameSync(join(dirname(path), programName(program.package)), path)
  })
}

/** What `go install` calls it: the last part of the path, but for the major version of a module. */
const programName = (path: string): string => path.replace(/\/v\d+$/, '').replace(/^.*\//, '')

async function tryInstall(directory: string, program: GoProgram, tries: number): Promise<void> {
  const variables = Object.entries(program.variables ?? {}).map(([name, value]) => `-X ${name}=${value}`)
  const flags = ['-p', '2', '-trimpath', '-ldflags', ['-s -w', ...variables].join(' ')]
  try {
    await runCommand('nice', ['-n', '5', 'go', 'install', ...flags, `${program.package}@v${program.version}`], {
      directory,
      environment: { GOBIN: directory, CGO_ENABLED: '0', GOMAXPROCS: '2' },
    })
  } catch (error) {
    if (tries <= 1 || !isOfNetwork(error)) throw error
    await tryInstall(directory, program, tries - 1)
  }
}

const isOfNetwork = (error: unknown): boolean =>
  error instanceof Error && /dial tcp|i\/o timeout|TLS handshake|connection re|unexpected EOF|no such host|50[234] /.test(error.message)
