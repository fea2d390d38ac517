import { chownSync, cpSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

import type { Stage } from './dockerfile.ts'

/** How a container of an image starts. */
export type ImageConfig = {
  readonly user: string
  readonly directory: string
  readonly entrypoint: readonly string[]
  readonly health: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly volumes: readonly string[]
}

export type StageFiles = {
  /** Where the files of the stages before it are: `build`, `journalctl`. */
  readonly stages: Readonly<Record<string, string>>
  /** An empty folder, for what the stage adds to its base. */
  readonly layer: string
  /** PATH and whatever else the base says. */
  readonly environment: Readonly<Record<string, string>>
  /** --build-arg */
  readonly buildArguments: Readonly<Record<string, string>>
}

/** Does what the last stage of a Dockerfile says, instruction by instruction, into `layer`. @throws Error for one that is not known here */
export function applyLastStage({ instructions }: Stage, { stages, layer, environment, buildArguments }: StageFiles): ImageConfig {
  const known = new Map(Object.entries(environment))
  const variables = new Map(Object.entries(environment))
  const labels = new Map<string, string>()
  const volumes: string[] = []
  let [user, directory] = ['0:0', '/']
  let entrypoint: readonly string[] = []
  let health: readonly string[] = []
  const expanded = (text: string): string =>
    text.replaceAll(/\$(\w+)|\$\{(\w+)\}/g, (_all, a?: string, b?: string) => known.get(a ?? b ?? '') ?? '')
  const steps: Readonly<Record<string, (words: string) => void>> = {
    ARG: (words) => {
      for (const [name, value] of pairsOf(words)) known.set(name, buildArguments[name] ?? expanded(value))
    },
    COPY: (words) => copyInto(layer, stages, words),
    ENV: (words) => {
      for (const [name, value] of pairsOf(words).map(([variable, text]) => [variable, expanded(text)] as const)) {
        variables.set(name, value)
        known.set(name, value)
      }
    },
    LABEL: (words) => {
      for (const [name, value] of pairsOf(words)) labels.set(name, expanded(value))
    },
    WORKDIR: (words) => {
      directory = words
      mkdirSync(join(layer, words), { recursive: true })
    },
    VOLUME: (words) => volumes.push(words),
    USER: (words) => (user = words),
    EXPOSE: () => undefined,
    HEALTHCHECK: (words) => (health = words === 'NONE' ? [] : listOf(/ CMD (\[.*\])$/.exec(words)?.[1] ?? '')),
    ENTRYPOINT: (words) => (entrypoint = listOf(words)),
  }
  for (const { name, words } of instructions) {
    const step = steps[name]
    if (step === undefined) throw new Error(`${name} ${words}: not known in a last stage`)
    step(words)
  }
  return { user, directory, entrypoint, health, environment: Object.fromEntries(variables), labels: Object.fromEntries(labels), volumes }
}

/** `--from=build --chown=65532:65532 /state /var/lib/clymene`: folders, whose contents come. */
function copyInto(layer: string, stages: StageFiles['stages'], words: string): void {
  const [, from = '', owner, source, target] = /^--from=(\w+) (?:--chown=(\d+:\d+) )?(\S+) (\S+)$/.exec(words) ?? []
  const files = stages[from]
  if (files === undefined || source === undefined || target === undefined) throw new Error(`COPY ${words}: not known here`)
  const to = join(layer, target)
  mkdirSync(to, { recursive: true })
  if (!statSync(join(files, source)).isDirectory()) throw new Error(`COPY ${words}: ${source} is no folder`)
  cpSync(join(files, source), to, { recursive: true, verbatimSymlinks: true })
  const [user, group] = (owner ?? '0:0').split(':').map(Number)
  // Those that are copied so are empty: only they themselves have an owner.
  if (owner !== undefined) chownSync(to, user ?? 0, group ?? 0)
}

/** `A="x y" B=z` */
const pairsOf = (words: string): readonly (readonly [name: string, value: string])[] =>
  [...words.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S*))/g)].map(([, name = '', quoted, bare]) => [name, quoted ?? bare ?? ''])

function listOf(json: string): readonly string[] {
  const value: unknown = JSON.parse(json)
  if (!Array.isArray(value)) throw new Error(`${json}: expected a list of words`)
  return value.map(String)
}
