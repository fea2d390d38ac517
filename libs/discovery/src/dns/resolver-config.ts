import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'

import { errorCode } from '@clymene/model'

import { joinHostPort } from '../labels.ts'

/** How names are looked up here, as resolv.conf(5) says it. */
export type ResolverConfig = {
  /** `address:port`; empty: those that the system has. */
  readonly servers: readonly string[]
  readonly search: readonly string[]
  /** A name with at least so many dots is asked for as it is first. */
  readonly ndots: number
  readonly timeoutMs: number
  readonly attempts: number
}

const DEFAULTS: ResolverConfig = { servers: [], search: [], ndots: 1, timeoutMs: 5000, attempts: 2 }
const MOST_NDOTS = 15

/** Reads the file anew each time: it changes with the network. A file that is not there gives the defaults. @throws system errors */
export async function readResolverConfig(path: string): Promise<ResolverConfig> {
  try {
    return parseResolverConfig(await readFile(path, 'utf8'))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return DEFAULTS
    throw error
  }
}

/** Lines that say nothing here or are wrong are left out, as every resolver does. */
export function parseResolverConfig(text: string): ResolverConfig {
  let config = DEFAULTS
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/)
    if (keyword === 'nameserver') config = { ...config, servers: [...config.servers, ...serverOf(words[0] ?? '')] }
    else if (keyword === 'domain') config = { ...config, search: words.slice(0, 1) }
    else if (keyword === 'search') config = { ...config, search: words }
    else if (keyword === 'options') config = words.reduce(withOption, config)
  }
  return config
}

const serverOf = (address: string): readonly string[] => (isIP(address) === 0 ? [] : [joinHostPort(address, 53)])

function withOption(config: ResolverConfig, option: string): ResolverConfig {
  const [name, text = ''] = option.split(':')
  const value = Number(text)
  if (text === '' || !Number.isInteger(value) || value < 0) return config
  if (name === 'ndots') return { ...config, ndots: Math.min(value, MOST_NDOTS) }
  if (name === 'timeout') return { ...config, timeoutMs: Math.min(Math.max(value, 1), 30) * 1000 }
  return name === 'attempts' ? { ...config, attempts: Math.min(Math.max(value, 1), 5) } : config
}

/** What a name may stand for, in the order of asking; all of them end with a dot, so that no resolver adds to them. */
export function nameCandidates(name: string, { search, ndots }: ResolverConfig): readonly string[] {
  if (name.endsWith('.')) return [name]
  const whole = `${name}.`
  const longer = search.map((domain) => (domain === '.' ? whole : `${whole}${domain.replace(/\.$/, '')}.`))
  return name.split('.').length > ndots ? [whole, ...longer] : [...longer, whole]
}
