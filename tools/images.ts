/**
 * `npm run images -- --registry=R --tag=T [--push]`: builds the images of this checkout with docker, podman or buildah, whichever is there, tags
 * them and pushes them if asked; every command is printed before it runs. `--help` lists the flags, docs/images.md tells more.
 */
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { commandLine, commandsOf, imageReference } from './images/commands.ts'
import { type Ask, checkPlatforms, engineForDryRun, EngineError, findEngine } from './images/engine.ts'
import { howToUse, KUSTOMIZATION, renamedImages, withImages } from './images/kustomization.ts'
import { readOptions, USAGE, UsageError } from './images/options.ts'
import { originOf } from './images/origin.ts'

const root = join(import.meta.dirname, '..')
const print = (text: string): boolean => process.stdout.write(`${text}\n`)

/** Resolves with the exit status: 1 when a command fails, 2 when it was called wrongly or no engine does what is asked. */
export function buildImages(argv: readonly string[], env: NodeJS.ProcessEnv): number {
  try {
    return build(argv, env)
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof EngineError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 2
  }
}

function build(argv: readonly string[], env: NodeJS.ProcessEnv): number {
  const version = versionHere()
  const options = readOptions(argv, version)
  if (options === undefined) {
    print(USAGE)
    return 0
  }
  if (options.writeKustomization) checkNames()
  const ask = asker(env)
  const { engine, note } = options.dryRun ? engineForDryRun(options.engine, ask) : { engine: findEngine(options.engine, ask) }
  if (note !== undefined) print(note)
  if (!options.dryRun) checkPlatforms(engine, options.platforms, options.push, ask)
  for (const command of commandsOf(engine, options, originOf(version, ask, env, new Date()))) {
    print(`$ ${commandLine(command)}`)
    if (options.dryRun) continue
    const { status, error } = spawnSync(command.program, command.args, { cwd: root, env, stdio: 'inherit' })
    if (status === 0 || command.mayFail === true) continue
    process.stderr.write(`${command.program} ended with ${error?.message ?? `status ${status}`}; what comes after it was not done\n`)
    return 1
  }
  if (options.writeKustomization && !options.dryRun) {
    const path = join(root, KUSTOMIZATION)
    writeFileSync(path, withImages(readFileSync(path, 'utf8'), options))
  }
  print(`\n${options.only.map((service) => imageReference(options, service)).join('\n')}`)
  print(howToUse(options, options.writeKustomization && !options.dryRun))
  return 0
}

/** @throws UsageError when the manifests have been given another registry: the kustomization would be written, and do nothing. */
function checkNames(): void {
  const paths = globSync(['k8s/*/*.yaml'], { cwd: root }).toSorted()
  const renamed = renamedImages(new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')])))
  if (renamed.length === 0) return
  throw new UsageError(
    `--write-kustomization: ${KUSTOMIZATION} finds images by the names of this repository, and these have another one:\n` +
      `${renamed.map((line) => `  ${line}`).join('\n')}\nGive them back their names (bourbonkk/clymene-…: git diff k8s shows what was changed), then run it again`,
  )
}

/** Asks a program something; what it says on both streams. */
const asker =
  (env: NodeJS.ProcessEnv): Ask =>
  (program, args) => {
    const { status, error, stdout, stderr } = spawnSync(program, args, { cwd: root, env, encoding: 'utf8', timeout: 30_000 })
    const isMissing = error !== undefined && 'code' in error && error.code === 'ENOENT'
    return { status: isMissing ? undefined : (status ?? 1), output: status === 0 ? stdout : `${stdout}${stderr}` }
  }

function versionHere(): string {
  const { version }: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return version
}

if (import.meta.main) process.exitCode = buildImages(process.argv.slice(2), process.env)
