import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

import { startGateway, type Gateway } from '@clymene/gateway'
import { createIngester, type Ingester } from '@clymene/ingester'
import { ledgerReport } from '@clymene/ledger'
import { ConfigError, errorMessage, KINDS, PermanentError, type Logger } from '@clymene/model'
import { createLogger, listen, readVersion } from '@clymene/runtime'
import { openStorages, type EmbeddedStore, type OpenedStorages } from '@clymene/storages'

import { checkPorts } from './check-ports.ts'
import type { AllInOneConfig } from './command.ts'
import { portNames } from './flags.ts'
import { createHops } from './hops.ts'
import { giveUpLate } from './last-resort.ts'
import { createLifetimes, type Lifetimes } from './lifetimes.ts'
import { clusterOf, openAgent } from './open-agent.ts'
import { openBooks } from './open-books.ts'
import { openBus, type OpenedBus } from './open-bus.ts'
import { openStore } from './open-store.ts'
import { loadPage } from './page-assets.ts'
import { createPageServer } from './page-server.ts'
import { runInOrder } from './run-in-order.ts'
import { openServiceContext, type Contexts, type ServiceContext } from './service-context.ts'

/** Runs the three services over one bus until `stop` aborts; then intake stops first and what is on its way is delivered. */
export async function runAllInOne(config: AllInOneConfig, stop: AbortSignal): Promise<void> {
  const { values, warnings } = config
  await checkPorts(new Map(portNames.map((name) => [name, values[name]])))
  const logger = openLog(config)
  giveUpLate(stop, { logger, exit: (status) => process.exit(status) })
  for (const warning of warnings) logger.warn(warning)
  const lifetimes = createLifetimes(logger)
  try {
    await start(config, logger, lifetimes, stop)
  } finally {
    await lifetimes.closeAll()
  }
}

/** @throws ConfigError when nothing can be written there */
function openLog({ values }: AllInOneConfig): Logger {
  try {
    return createLogger({ level: values['log-level'], directory: join(values['data.dir'], 'logs') })
  } catch (error) {
    throw new ConfigError(`--data.dir=${JSON.stringify(values['data.dir'])}: ${errorMessage(error)}`)
  }
}

async function start(config: AllInOneConfig, logger: Logger, lifetimes: Lifetimes, stop: AbortSignal): Promise<void> {
  const { values } = config
  const contexts = await openContexts(config, logger, lifetimes)
  const store = await openOwnStore(config, contexts.ingester, lifetimes)
  const bus = await openBus({ values, kafka: config.kafka, metrics: contexts.gateway.metrics, logger })
  lifetimes.add('bus', bus.bus.close)
  for (const { readiness } of [contexts.gateway, contexts.ingester]) readiness.watch('bus', bus.bus.unavailable)

  const { ingester, storages } = await openIngester(config, contexts.ingester, bus, store, lifetimes)
  const ownToken = values['auth.tokens-file'] === '' ? undefined : randomBytes(32).toString('base64url')
  const gateway = await openGateway({ config, context: contexts.gateway, bus, storages, ownToken })
  // Once it runs it closes by itself; when the start fails before, nobody else would.
  let runs = false
  lifetimes.add('gateway', async () => (runs ? undefined : gateway.run(AbortSignal.abort())))
  contexts.gateway.admin.serveJson('/api/ledger', async () => ledgerReport({ service: 'gateway', senders: gateway.accounts() }))
  const agent = await openAgent(config, contexts, { address: gateway.httpAddress, token: ownToken }, lifetimes)
  const page = createPageServer({
    assets: await loadPage(),
    hops: createHops({
      ...contexts,
      bus: bus.bus,
      busName: bus.name,
      topics: bus.topics,
      routes: ingester.routes,
      storeStats: store?.stats,
    }),
    hostIntervalMs: values['host.interval'],
    store,
    cluster: clusterOf(config),
    version: contexts.agent.version.version,
  })
  const pageAddress = await listen(page, values['page.http.host-port'], 'page.http.host-port')
  lifetimes.add('page', () => page.close())
  logger.info('all-in-one is up', { page: `http://${pageAddress.host === '' ? '127.0.0.1' : pageAddress.host}:${pageAddress.port}/` })
  runs = true
  await runInOrder({ agent, gateway, ingester, bus, logger }, stop)
}

async function openContexts({ values }: AllInOneConfig, logger: Logger, lifetimes: Lifetimes): Promise<Contexts> {
  const version = readVersion()
  const open = async (component: 'agent' | 'gateway' | 'ingester'): Promise<ServiceContext> => {
    const context = await openServiceContext({
      component,
      flags: values,
      address: values[`${component}.admin.http.host-ports`],
      logger,
      version,
    })
    lifetimes.add(`admin server of the ${component}`, context.admin.close)
    return context
  }
  return { agent: await open('agent'), gateway: await open('gateway'), ingester: await open('ingester') }
}

async function openOwnStore(
  { values, selection, storageValues }: AllInOneConfig,
  { logger, metrics }: ServiceContext,
  lifetimes: Lifetimes,
): Promise<EmbeddedStore | undefined> {
  if (!selection.selected.some(({ name }) => name === 'embedded')) return undefined
  const store = await openStore({ dataDirectory: values['data.dir'], storageValues, metrics, logger })
  lifetimes.add('embedded store', store.close)
  return store
}

async function openIngester(
  { values, kafka, selection, storageValues }: AllInOneConfig,
  { logger, metrics, readiness, version, admin }: ServiceContext,
  bus: OpenedBus,
  store: EmbeddedStore | undefined,
  lifetimes: Lifetimes,
): Promise<{ readonly ingester: Ingester; readonly storages: OpenedStorages }> {
  const storages = await openStorages({
    selection,
    values: storageValues,
    logger,
    version: version.version,
    metrics,
    ...(store === undefined ? {} : { opened: new Map([['embedded', { sinks: store.sinks, close: store.close }]]) }),
  })
  lifetimes.add('storages', storages.close)
  const watching = new AbortController()
  const watched = storages.watch(readiness, watching.signal)
  lifetimes.add('look at the storages', () => {
    watching.abort()
    return watched
  })
  const topics = new Map(KINDS.filter((kind) => storages.sinks.has(kind)).map((kind) => [kind, bus.topics.get(kind) ?? kind]))
  const { groupId, seedGroup } = bus
  const books = openBooks({ values, kafka, bus: bus.bus, context: { admin, metrics, logger, readiness } })
  if (books !== undefined) lifetimes.add('ledger', books.close)
  const ingester = createIngester({
    bus: bus.bus,
    topics,
    groupId,
    sinks: storages.sinks,
    metrics,
    logger,
    readiness,
    ledger: books?.ledger,
    ...(seedGroup === undefined ? {} : { seedGroup }),
  })
  readiness.set('start', undefined)
  return { ingester, storages }
}

/** The gateway writes into the bus whatever its storages are: they are the ingester's here. */
function openGateway({
  config: { values },
  context: { logger, metrics, readiness },
  bus,
  storages,
  ownToken,
}: GatewayParts): Promise<Gateway> {
  return startGateway({
    flags: { ...NO_TLS, ...values },
    kinds: new Set(storages.sinks.keys()),
    write: (envelope, signal) => {
      const topic = bus.topics.get(envelope.kind)
      return topic === undefined
        ? Promise.reject(new PermanentError(`no topic for ${envelope.kind}`))
        : bus.bus.produce(topic, [envelope], signal)
    },
    unavailable: bus.bus.unavailable,
    to: () => 'bus',
    metrics,
    logger,
    readiness,
    ownToken,
  })
}

type GatewayParts = {
  readonly config: AllInOneConfig
  readonly context: ServiceContext
  readonly bus: OpenedBus
  readonly storages: OpenedStorages
  /** What the agent of this process shows, whatever tokens others have. */
  readonly ownToken: string | undefined
}

/** Both servers stand on loopback; a gateway for others is a process of its own. */
const NO_TLS = {
  'gateway.grpc-server.tls.enabled': false,
  'gateway.grpc-server.tls.cert': '',
  'gateway.grpc-server.tls.key': '',
  'gateway.grpc-server.tls.client-ca': '',
  'gateway.http-server.tls.enabled': false,
  'gateway.http-server.tls.cert': '',
  'gateway.http-server.tls.key': '',
  'gateway.http-server.tls.client-ca': '',
} as const
