import { join } from 'node:path'

import { kafkaConsumerOptions, type KafkaConsumerOptions } from '@clymene/bus'
import { ingesterCommand } from '@clymene/ingester'
import { collectMistakes, ConfigError, KINDS, type FlagSet, type FlagValues, type Kind, type Storage } from '@clymene/model'
import { environmentName, parseFlags, type ParseOptions } from '@clymene/runtime'
import { deadLetterTopic, kindsOf, momentMs, storageFlagSets, storages } from '@clymene/storages'

import { commandFlags, sourceFlags, VERBS, type Verb } from './flags.ts'

export type ReplayConfig = {
  readonly verb: Verb
  readonly values: FlagValues<typeof commandFlags & typeof sourceFlags>
  /** Exactly one of these says where the letters are. */
  readonly kafka: KafkaConsumerOptions | undefined
  readonly folder: LetterFolder | undefined
  /** Topics that letters stood on before, with their kind; in a folder those of them that are there. */
  readonly topics: ReadonlyMap<string, Kind>
  /** Of `send`. */
  readonly target: { readonly storage: Storage; readonly values: FlagValues<FlagSet> } | undefined
  readonly warnings: readonly string[]
}

/** Of a service without Kafka. */
export type LetterFolder = {
  /** The flag that named it, for what is wrong with it. */
  readonly flag: string
  readonly bus: string
  readonly ledger: string
}

/** @throws ConfigError with every mistake */
export function configureReplay(argv: readonly string[], env: NodeJS.ProcessEnv): ReplayConfig {
  const mistakes: string[] = []
  const word = argv[0]?.startsWith('-') === false ? argv[0] : undefined
  const rest = word === undefined ? argv : argv.slice(1)
  const verb = verbOf(word, mistakes)
  const variables = withoutOwn(env)
  const storage = verb === 'send' ? storageOf(rest, variables, mistakes) : undefined
  const { flags, ignored: ofOthers } = storageFlagSets(storage === undefined ? [] : [storage])
  const own = { ...flags, ...sourceFlags, ...commandFlags }
  const ignored = { ...ofOthers, ingester: { flags: flagsOfIngester(own), reason: OF_INGESTER } }
  const parsed = parseFlags(own, rest, variables, { ignored, mistakes })
  mistakes.push(...wordMistakes(own, ignored, rest))
  if (storage !== undefined) mistakes.push(...mistakesOf(storage, rest, variables))
  // Each is looked at also when another one is wrong.
  const folder = folderOf(parsed.values, mistakes)
  const kafka = folder === undefined ? collectMistakes(mistakes, () => kafkaConsumerOptions(parsed.values)) : undefined
  if (verb === 'send' && folder === undefined && parsed.values['kafka.ledger.topic'] === '')
    mistakes.push('--kafka.ledger.topic: expected a topic, in which is noted what was sent')
  mistakes.push(...filterMistakes(rest, verb))
  const kindMistake = storage && kindMistakeOf(storage, kindsOf(parsed.values), parsed.given.has('kind'))
  if (kindMistake !== undefined) mistakes.push(kindMistake)
  if (verb === undefined || mistakes.length > 0) throw new ConfigError(mistakes)
  const { values, warnings } = parsed
  const topics = topicsOf(values)
  return {
    verb,
    values,
    kafka,
    folder,
    topics,
    target: storage && { storage, values },
    // Of the same flags as the ingester's most mean nothing here: that is what makes them easy to copy.
    warnings: [
      ...warnings.filter((warning) => !warning.includes(OF_INGESTER) && !warning.includes('is not selected')),
      ...topicWarnings(values.topic, [...topics.keys()]),
    ],
  }
}

/** Filters that no letter can pass. */
function filterMistakes(argv: readonly string[], verb: Verb | undefined): readonly string[] {
  const { since, until, storage } = commandFlags
  const times = collectMistakes([], () => parseFlags({ since, until }, argv, {}, LENIENT))?.values
  const { values } = parseFlags({ storage }, argv, {}, LENIENT)
  const nowMs = Date.now()
  const isEmpty = times?.since !== undefined && times.until !== undefined && momentMs(times.since, nowMs) >= momentMs(times.until, nowMs)
  const unknown = verb === 'send' ? [] : values.storage.filter((name) => storages.every((one) => one.name !== name))
  return [
    ...(isEmpty ? ['--since and --until: expected since to be before until (1h is one hour ago): no letter is between them'] : []),
    ...unknown.map((name) => `--storage=${JSON.stringify(name)}: expected some of ${choices}`),
  ]
}

/** What passed no bus has the dead-letter topic for its own. */
const topicWarnings = (asked: readonly string[], topics: readonly string[]): readonly string[] =>
  asked
    .filter((topic) => topics.every((one) => topic !== one && topic !== deadLetterTopic(one)))
    .map((topic) => `--topic=${JSON.stringify(topic)}: none of those whose letters are read: ${topics.join(', ')} (--kafka.consumer.topic)`)

const choices = storages.map((one) => one.name).join(', ')

const folderFlags = { 'buffer.dir': commandFlags['buffer.dir'], 'data.dir': commandFlags['data.dir'] }

function folderOf(values: FlagValues<typeof folderFlags>, mistakes: string[]): LetterFolder | undefined {
  const { 'buffer.dir': buffer, 'data.dir': data } = values
  if (buffer !== '' && data !== '') mistakes.push('--buffer.dir and --data.dir: expected one of them')
  if (data !== '') return { flag: `--data.dir=${JSON.stringify(data)}`, bus: join(data, 'bus'), ledger: join(data, 'ledger') }
  return buffer === '' ? undefined : { flag: `--buffer.dir=${JSON.stringify(buffer)}`, bus: buffer, ledger: join(buffer, 'ledger') }
}

const OF_INGESTER = "it is the ingester's"
const LENIENT = { lenient: true } as const

/** Words that no flag takes, found whatever is wrong with the values of the flags. */
function wordMistakes(flags: FlagSet, ignored: NonNullable<ParseOptions['ignored']>, argv: readonly string[]): readonly string[] {
  const asText = Object.fromEntries(Object.entries(flags).map(([name, one]) => [name, { ...one, parse: (text: string) => text }]))
  const { positionals } = parseFlags(asText, argv, {}, { ignored, lenient: true })
  return positionals.map((word) => `${word}: unexpected word, expected flags only`)
}

function verbOf(word: string | undefined, mistakes: string[]): Verb | undefined {
  const names = Object.keys(VERBS)
  if (word !== undefined && isVerb(word)) return word
  mistakes.push(`${word === undefined ? 'replay' : `replay ${word}`}: expected one of ${names.join(', ')}`)
  return undefined
}

const isVerb = (word: string): word is Verb => Object.hasOwn(VERBS, word)

/** `send` has one storage: that of --storage, else the only one that STORAGE_TYPE names. */
function storageOf(argv: readonly string[], env: NodeJS.ProcessEnv, mistakes: string[]): Storage | undefined {
  const first = { storage: commandFlags.storage, 'storage-type': commandFlags.storage }
  const { values } = parseFlags(first, argv, env, { lenient: true })
  const names = values.storage.length > 0 ? values.storage : values['storage-type']
  const [name, another] = names
  const found = another === undefined ? storages.find((one) => one.name === name) : undefined
  const isOfType = values.storage.length === 0 && names.length > 0
  const given = isOfType ? 'no --storage, and STORAGE_TYPE' : '--storage'
  if (found === undefined) mistakes.push(`${given}=${JSON.stringify(names.join(','))}: expected the one storage to send to, of ${choices}`)
  return found
}

const kindMistakeOf = (storage: Storage, kinds: readonly Kind[], isAsked: boolean): string | undefined =>
  isAsked && !kinds.some((kind) => storage.kinds.includes(kind))
    ? `--kind=${kinds.join(',')}: storage ${storage.name} takes ${storage.kinds.join(', ')} only`
    : undefined

/** What a storage finds in its values; those that do not parse are told by the parser. */
const mistakesOf = ({ flags, mistakesOf: find }: Storage, argv: readonly string[], env: NodeJS.ProcessEnv): readonly string[] =>
  find?.(parseFlags(flags, argv, env, { lenient: true, mistakes: [] }).values) ?? []

const flagsOfIngester = (own: FlagSet): FlagSet =>
  Object.fromEntries(
    ingesterCommand.groups
      .filter(({ title }) => !title.startsWith('Storage '))
      .flatMap(({ flags }) => Object.entries(flags).filter(([name]) => !(name in own))),
  )

/** Of the variables those that are not meant for this command. */
function withoutOwn(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = new Set(Object.keys(commandFlags).map(environmentName))
  return Object.fromEntries(Object.entries(env).filter(([name]) => !own.has(name)))
}

/** Of an agent's buffer, and of Kafka or an all-in-one's bus. */
function topicsOf(values: ReplayConfig['values']): ReadonlyMap<string, Kind> {
  const kinds = kindsOf(values)
  const names: readonly (readonly [string, Kind])[] = [
    [values['kafka.consumer.topic'], 'metrics'],
    [values['kafka.consumer.promtail.topic'], 'logs'],
    ...(values['buffer.dir'] === '' ? [] : KINDS.map((kind) => [kind, kind] as const)),
  ]
  return new Map(names.filter(([topic, kind]) => topic !== '' && kinds.includes(kind)))
}
