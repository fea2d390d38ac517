import { existsSync, globSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

import { freePort } from '@clymene/runtime/testing'

import { cached, makeCached } from './cache.ts'
import { ARCHIVED_WITHIN_MS, classArchiveAt } from './class-archive.ts'
import { makeDataDirectory } from './data-directory.ts'
import { answers, type Engine, startEngine } from './engine.ts'
import { copyJars, fingerprint, javaOptions, pinnedVersion } from './maven.ts'
import { runCommand } from './run-command.ts'

export type ElasticsearchOptions = {
  /** From `freePort()`, when something has to know the address before the start; default a free one. */
  readonly port?: number
  /** Java's notation; default 512m. */
  readonly heap?: string
  /** As in elasticsearch.yml; they win over ours. */
  readonly settings?: Readonly<Record<string, string>>
}

const source = join(import.meta.dirname, 'elasticsearch')
const version = pinnedVersion(join(source, 'pom.xml'), 'es.version')
const home = `elasticsearch-${version}-${fingerprint(source)}`
/** Jars, and our main class. */
export const elasticsearchHome = cached(home)
/** Classes as the server loaded them: a JVM with the same jars at the same paths starts in half the time. */
export const elasticsearchClassArchive = cached(home, 'classes.jsa')
const main = cached(home, 'main.jar')
/** Of a server whose folders layOutElasticsearch made. */
export const elasticsearchClassPath = (): string => `${main}:${classPath(cached(home, 'jars'))}`

export const isElasticsearchInstalled = (): boolean => existsSync(main)

/** The server's jars, and our main class and the answer to `GET /` compiled against them. */
export async function installElasticsearch(): Promise<void> {
  await makeCached(home, async (path) => {
    const jars = join(path, 'jars')
    const compile = (file: string, into: string): Promise<string> =>
      runCommand('javac', ['-nowarn', '-proc:none', '-d', join(path, into), '-cp', classPath(jars), join(source, file)])
    await copyJars(join(source, 'pom.xml'), jars)
    await compile('EsMain.java', 'classes')
    await compile('RootPlugin.java', 'plugin')
    // An archive of classes takes jars alone.
    for (const [jar, of] of [
      ['main.jar', 'classes'],
      ['root-plugin.jar', 'plugin'],
    ] as const)
      await runCommand('jar', ['--create', '--file', join(path, jar), '-C', join(path, of), '.'])
  })
}

/** One node without security, its own master. `refresh` and templates are as in a real cluster; there is no ILM. */
export const startElasticsearch = (options: ElasticsearchOptions = {}): Promise<Engine> =>
  start(options, existsSync(elasticsearchClassArchive) ? [`-XX:SharedArchiveFile=${elasticsearchClassArchive}`, '-Xlog:disable'] : [])

export const elasticsearchClassArchiving = classArchiveAt(elasticsearchClassArchive, async (option) => {
  const elasticsearch = await start({}, [option, '-Xlog:disable'], ARCHIVED_WITHIN_MS)
  try {
    await indexSomething(elasticsearch.url)
  } finally {
    await elasticsearch.stop()
  }
})

/** Most classes are of indices. */
async function indexSomething(url: string): Promise<void> {
  const headers = { 'content-type': 'application/x-ndjson' }
  const body = `${JSON.stringify({ create: { _index: 'some', _id: '1' } })}\n${JSON.stringify({ time: Date.now(), text: 'a' })}\n`
  for (const [path, request] of [
    ['/_bulk?refresh=true', { method: 'POST', headers, body }],
    ['/some/_search', {}],
  ] as const) {
    const answer = await fetch(`${url}${path}`, request)
    if (!answer.ok) throw new Error(`Elasticsearch answered ${path} with ${answer.status}: ${await answer.text()}`)
    await answer.arrayBuffer()
  }
}

async function start(
  { heap = '512m', settings = {}, ...options }: ElasticsearchOptions,
  jvm: readonly string[],
  stopWithinMs?: number,
): Promise<Engine> {
  const directory = makeDataDirectory('elasticsearch')
  const port = options.port ?? (await freePort())
  layOutElasticsearch(directory)
  return startEngine({
    name: 'Elasticsearch',
    url: `http://127.0.0.1:${port}`,
    directory,
    command: 'java',
    args: [
      ...javaOptions(heap),
      ...jvm,
      `-Des.path.home=${directory}`,
      `-Djava.io.tmpdir=${join(directory, 'tmp')}`,
      '-Dlog4j2.disable.jmx=true',
      '-Dlog4j.shutdownHookEnabled=false',
      '--add-opens=java.base/java.io=ALL-UNNAMED',
      '--add-opens=java.base/java.lang=ALL-UNNAMED',
      '-cp',
      elasticsearchClassPath(),
      'EsMain',
      directory,
      String(port),
      ...Object.entries(settings).map(([key, value]) => `${key}=${value}`),
    ],
    ...(stopWithinMs !== undefined && { stopWithinMs }),
    isReady: answers(`http://127.0.0.1:${port}/_cluster/health?wait_for_status=yellow&timeout=1s`),
  })
}

/** The folders of a distribution: configuration of the log, and a module each for HTTP and for `GET /`. */
export function layOutElasticsearch(directory: string): void {
  for (const folder of ['config', 'data', 'logs', 'lib', 'plugins', 'tmp']) mkdirSync(join(directory, folder))
  writeFileSync(join(directory, 'config/log4j2.properties'), LOG4J)
  const transport = globSync(cached(home, 'jars/{netty-,transport-netty4-}*.jar'))
  addModule(directory, 'transport-netty4', 'org.elasticsearch.transport.netty4.Netty4Plugin', transport)
  addModule(directory, 'rest-root', 'RootPlugin', [cached(home, 'root-plugin.jar')])
}

function addModule(directory: string, name: string, className: string, jars: readonly string[]): void {
  const folder = join(directory, 'modules', name)
  mkdirSync(folder, { recursive: true })
  for (const jar of jars) symlinkSync(jar, join(folder, basename(jar)))
  writeFileSync(join(folder, 'plugin-descriptor.properties'), descriptor(name, className))
}

const descriptor = (name: string, className: string): string => `name=${name}
description=${name}
version=${version}
elasticsearch.version=${version}
java.version=17
classname=${className}
extended.plugins=
has.native.controller=false
`

const LOG4J = `status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
`

/** Every jar that is not a module's own: the server refuses to find a class in both places. */
const classPath = (folder: string): string =>
  readdirSync(folder)
    .filter((jar) => !/^(netty-|transport-netty4-)/.test(jar))
    .toSorted()
    .map((jar) => join(folder, jar))
    .join(':')
