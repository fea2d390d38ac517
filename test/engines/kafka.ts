import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

import { freePort } from '@clymene/runtime/testing'

import { cached, makeCached } from './cache.ts'
import { ARCHIVED_WITHIN_MS, classArchiveAt } from './class-archive.ts'
import { makeDataDirectory } from './data-directory.ts'
import { type Engine, startEngine } from './engine.ts'
import { secureListeners, type KafkaSecurity, type ListenerSettings, type SecureListeners } from './kafka-security.ts'
import { copyJars, fingerprint, javaOptions, pinnedVersion } from './maven.ts'
import { runCommand } from './run-command.ts'

export type Kafka = Engine & {
  /** `127.0.0.1:port`, for a client's list of brokers. */
  readonly bootstrap: string
  /** With `security`. */
  readonly secure: SecureListeners | undefined
}

export type KafkaOptions = {
  /** From `freePort()`, when something has to know the address before the start; default a free one. */
  readonly port?: number
  /** Of a topic that is made by its first use; default 1. */
  readonly partitions?: number
  /** `message.max.bytes`; default 10 MiB. */
  readonly messageMaxBytes?: number
  /** Java's notation; default 384m. */
  readonly heap?: string
  /** Further lines of server.properties; they win over ours. */
  readonly settings?: Readonly<Record<string, string>>
  /** Listeners that ask for credentials, beside the plain one. */
  readonly security?: KafkaSecurity
  /** Default the only broker of a cluster of its own. */
  readonly member?: KafkaMember
}

/** Where a broker stands in a cluster: the first is the controller as well, and has to be started before the others. */
export type KafkaMember = { readonly clusterId: string; readonly node: number; readonly controllerPort: number }

const source = join(import.meta.dirname, 'kafka')
const VERSION = 'kafka.version'
/** Another one than the tests are for, to see what runs on it; it is kept beside the pinned one. */
const version = process.env['CLYMENE_KAFKA_VERSION'] ?? pinnedVersion(join(source, 'pom.xml'), VERSION)
const home = `kafka-${version}-${fingerprint(source)}`
/** Jars of the broker, its client and its tools. */
export const kafkaClasses = cached(home, 'jars')
const formatted = cached(home, 'formatted')
/** Classes as the broker loaded them: a JVM with the same jars at the same paths starts in half the time. */
export const kafkaClassArchive = cached(home, 'classes.jsa')

export const isKafkaInstalled = (): boolean => existsSync(cached(home))

/** Jars, and a formatted storage that every start copies: formatting costs a JVM of its own, 1.5 CPU-seconds. */
export async function installKafka(): Promise<void> {
  await makeCached(home, async (path) => {
    mkdirSync(path)
    await copyJars(join(source, 'pom.xml'), join(path, 'jars'), { [VERSION]: version })
    const properties = join(path, 'format.properties')
    writeFileSync(properties, propertiesText(serverProperties(19_092, { node: 1, controllerPort: 19_093 }, join(path, 'formatted'), {})))
    await format(join(path, 'jars'), properties, [])
  })
}

const format = (classes: string, properties: string, more: readonly string[]): Promise<unknown> =>
  runCommand('java', [
    ...javaOptions('256m'),
    '-cp',
    join(classes, '*'),
    'kafka.tools.StorageTool',
    'format',
    '--cluster-id',
    newClusterId(),
    '--config',
    properties,
    ...more,
  ])

/** One broker that is its own controller (KRaft); its plain listener asks for no credentials. */
export async function startKafka(options: KafkaOptions = {}): Promise<Kafka> {
  return start(options, existsSync(kafkaClassArchive) ? [`-XX:SharedArchiveFile=${kafkaClassArchive}`] : [])
}

export const kafkaClassArchiving = classArchiveAt(kafkaClassArchive, async (option) => {
  const kafka = await start({}, [option], ARCHIVED_WITHIN_MS)
  await kafka.stop()
})

async function start({ heap = '384m', ...options }: KafkaOptions, jvm: readonly string[], stopWithinMs?: number): Promise<Kafka> {
  const directory = makeDataDirectory('kafka')
  const port = options.port ?? (await freePort())
  const member = options.member ?? (await newCluster())
  const logs = join(directory, 'logs')
  const secure = options.security && (await secureListeners(options.security, directory))
  const properties = join(directory, 'server.properties')
  writeFileSync(properties, propertiesText(serverProperties(port, member, logs, options, secure)))
  if (secure === undefined) copyFormatted(logs, member)
  else await format(kafkaClasses, properties, secure.formatting)
  const engine = await startEngine({
    name: 'Kafka',
    url: `kafka://127.0.0.1:${port}`,
    directory,
    command: 'java',
    args: [
      ...javaOptions(heap),
      ...jvm,
      '-Xlog:disable',
      '-Xlog:all=off',
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      '-cp',
      join(kafkaClasses, '*'),
      'kafka.Kafka',
      properties,
    ],
    ...(stopWithinMs !== undefined && { stopWithinMs }),
    // The client's listener opens once the broker is registered and may serve.
    isReady: (signal) => accepts(port, signal),
  })
  return Object.assign(engine, { bootstrap: `127.0.0.1:${port}`, secure: secure?.addresses })
}

/** A new cluster, as its first broker sees it. */
export const newCluster = async (): Promise<KafkaMember> => ({ clusterId: newClusterId(), node: 1, controllerPort: await freePort() })

function copyFormatted(logs: string, { clusterId, node }: KafkaMember): void {
  cpSync(formatted, logs, { recursive: true })
  const identity = { version: '1', 'cluster.id': clusterId, 'node.id': String(node), 'directory.id': newClusterId() }
  writeFileSync(join(logs, 'meta.properties'), propertiesText(identity))
}

function serverProperties(
  port: number,
  { node, controllerPort }: Omit<KafkaMember, 'clusterId'>,
  logs: string,
  options: KafkaOptions,
  secure?: ListenerSettings,
): Record<string, string> {
  const listeners = [...(secure?.listeners ?? []), `CLIENT://127.0.0.1:${port}`]
  const isController = node === 1
  return {
    'process.roles': isController ? 'broker,controller' : 'broker',
    'node.id': String(node),
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: [...listeners, ...(isController ? [`CONTROLLER://127.0.0.1:${controllerPort}`] : [])].join(','),
    'advertised.listeners': listeners.join(','),
    'listener.security.protocol.map': ['CLIENT:PLAINTEXT', 'CONTROLLER:PLAINTEXT', ...(secure?.protocols ?? [])].join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'CLIENT',
    'log.dirs': logs,
    'num.partitions': String(options.partitions ?? 1),
    'message.max.bytes': String(options.messageMaxBytes ?? 10 * 1024 * 1024),
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    ...secure?.settings,
    ...options.settings,
  }
}

const propertiesText = (properties: Readonly<Record<string, string>>): string =>
  Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')

/** 16 random bytes as Kafka writes them; its ids never start with a dash. */
const newClusterId = (): string => randomBytes(16).toString('base64url').replace(/^-/, 'A')

const accepts = (port: number, signal: AbortSignal): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', signal })
    socket.once('connect', () => socket.end(() => resolve(true)))
    socket.once('error', () => resolve(false))
  })
