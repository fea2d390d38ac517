import { dirname, join } from 'node:path'

import type { ConfigText } from '../config-text.ts'
import { expandEnvironment } from '../config/expand-environment.ts'
import { literalVariables } from '../config/literal-variables.ts'
import { POSITIONS_PATH } from '../config/log-settings.ts'
import { openYaml, type Section } from '../config/section.ts'
import { readClient, type ClientFile, type Converted, type Gathered } from './client-flags.ts'

export type FromPromtailOptions = {
  readonly config: ConfigText
  /** Variables that are put in first, as with `-config.expand-env`; absent: the text is taken as it is. */
  readonly expandFrom?: NodeJS.ProcessEnv
  /** Where the agent has a file of a client; absent: where the client has it, and what stands in the client itself is told. */
  readonly pathOf?: (file: ClientFile) => string
}

/**
 * The flags of `clymene promtail` that do what a configuration of Promtail says about where its lines go; its jobs stay where they are and
 * are named by `--config.file`.
 *
 * @throws ConfigError when the text is no YAML map.
 */
export function fromPromtail({ config, expandFrom, pathOf }: FromPromtailOptions): Converted {
  const notes: string[] = []
  const { path, text } = config
  const expanded = expandFrom === undefined ? text : expandEnvironment(config, expandFrom, { mistakes: notes, warnings: notes })
  const root = openYaml(expanded, path, notes)
  const flags = new Map<string, string>([['config.file', path]])
  if (expandFrom !== undefined) flags.set('config.expand-env', 'true')
  const to: Gathered = {
    flag: (name, value) => void flags.set(name, value),
    note: (place, said) => void notes.push(`${place}: ${said}`),
    file: (file) => {
      const { flag, place, what } = file
      const read = pathOf?.(file) ?? file.path
      if (read === undefined) to.note(place, `put ${what} in a file that only the agent may read, and name it by --${flag}`)
      else to.flag(flag, read)
    },
  }
  readServer(root.section('server'), to)
  // By default it is in the working directory, which a unit file or another user changes: beside the positions all that has to outlive a restart may be written.
  to.flag('buffer.dir', join(dirname(positionsOf(root)), 'clymene-buffer'))
  const [first, ...others] = clientsOf(root)
  if (first === undefined) to.note(path, 'has no client: STORAGE_TYPE and the flags of a storage say where lines go, a gateway by default')
  else {
    to.flag('storage-type', 'loki')
    readClient(first, to)
  }
  for (const other of others)
    to.note(other.where(), 'an agent sends to one Loki: another agent, or a gateway with another ingester, can send to this one')
  if (expandFrom === undefined) {
    if (/\$\{/.test(JSON.stringify([...flags]))) to.note(path, 'variables in it are put in by --config.expand-env, here too')
    notes.push(...literalVariables(root, text))
  }
  return { flags: [...flags], notes }
}

/** Where the positions are. */
export const positionsOf = (root: Section): string => root.section('positions')?.string('filename', POSITIONS_PATH) ?? POSITIONS_PATH

/** `client` comes after `clients`. */
function clientsOf(root: Section): readonly Section[] {
  const single = root.section('client')
  return [...root.sections('clients'), ...(single === undefined ? [] : [single])]
}

/** Of the server only what its port and its log are: it serves health, metrics and pages here too. */
function readServer(server: Section | undefined, to: Gathered): void {
  if (server === undefined) return
  const address = server.string('http_listen_address', '')
  const port = server.string('http_listen_port', '')
  if (port !== '') to.flag('admin.http.host-ports', `${address.includes(':') ? `[${address}]` : address}:${port}`)
  const level = server.string('log_level', '')
  if (level !== '') to.flag('log-level', level)
}
