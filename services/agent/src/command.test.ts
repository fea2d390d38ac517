import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ConfigError } from '@clymene/model'
import { helpOf, type Command } from '@clymene/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { agentCommand, promtailCommand } from './command.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-command-'))
  write('scrape.yml', 'scrape_configs: [{job_name: s, static_configs: [{targets: [a:1], labels: {cluster: c}}]}]')
  write('logs.yml', `scrape_configs: [{job_name: l, static_configs: [{labels: {__path__: /a, cluster: c}}]}]`)
  write('no-cluster.yml', 'scrape_configs: [{job_name: s1}, {job_name: s2}]')
  write('no-cluster-logs.yml', 'scrape_configs: [{job_name: l1, static_configs: [{labels: {__path__: /a}}]}]')
  write('server.yml', 'rule_files: [a]\nscrape_configs: []')
  write('wrong.yml', 'scrape_configs: [{job_name: s, scheme: ftp}, {job_name: s}]')
  write('wrong-logs.yml', 'clients: []\nscrape: []')
})
afterAll(() => rmSync(folder, { recursive: true }))

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text)

/** `<folder>` in arguments stands for where the files are. */
const placed = (text: string): string => text.replaceAll('<folder>', folder)
const nameless = (lines: readonly string[]): readonly string[] => lines.map((line) => line.replaceAll(folder, '<folder>'))

async function warningsOf(command: Command, argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<readonly string[]> {
  const variables = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, placed(value ?? '')]))
  return nameless((await command.configure(argv.map(placed), variables)).warnings)
}

async function mistakesOf(command: Command, argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<readonly string[]> {
  try {
    return [`no mistake, warnings ${JSON.stringify(await warningsOf(command, argv, env))}`]
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return nameless(error.mistakes)
  }
}

const SCRAPE = '--config.file=<folder>/scrape.yml'
const LOGS = '--promtail.config.file=<folder>/logs.yml'

const noCluster = (...jobs: readonly string[]): string =>
  `${jobs.length === 1 ? 'job' : 'jobs'} ${jobs.map((job) => JSON.stringify(job)).join(', ')} ${jobs.length === 1 ? 'has' : 'have'} no cluster: set --cluster, external_labels or a rule with target_label: cluster`
const BUILT_IN =
  'no --config.file: the pods of this node are collected by the built-in log configuration; --logs.pods says that this is meant'

describe('agent: what is accepted, with which warnings', () => {
  test.each<[name: string, argv: readonly string[], env: NodeJS.ProcessEnv, warnings: readonly string[]]>([
    ['metrics only', [SCRAPE], {}, []],
    ['logs only', [LOGS], {}, []],
    ['both', [SCRAPE, LOGS], {}, []],
    ['the file by the environment', [], { CONFIG_FILE: '<folder>/scrape.yml' }, []],
    ['the log file by the environment', [], { PROMTAIL_CONFIG_FILE: '<folder>/logs.yml' }, []],
    ['the command line before the environment', [SCRAPE], { CONFIG_FILE: '/nowhere.yml' }, []],
    ['the pods of the node, by the built-in configuration', ['--logs.pods', '--cluster=c'], {}, []],
    [
      'the pods of the node, where no storage takes logs',
      [SCRAPE, '--logs.pods'],
      { STORAGE_TYPE: 'prometheus' },
      ['--logs.pods has no effect: no storage of STORAGE_TYPE=prometheus takes logs'],
    ],
    ['several storages', [SCRAPE, LOGS], { STORAGE_TYPE: 'prometheus,loki' }, []],
    [
      'the manifest of the original',
      [SCRAPE, '--gateway.grpc-client.host-port=g:15610', '--log-level=info'],
      { STORAGE_TYPE: 'gateway' },
      [],
    ],
    [
      'metrics that no storage takes',
      [SCRAPE, LOGS],
      { STORAGE_TYPE: 'loki' },
      ['--config.file has no effect: no storage of STORAGE_TYPE=loki takes metrics'],
    ],
    [
      'logs that no storage takes',
      [SCRAPE, LOGS],
      { STORAGE_TYPE: 'prometheus,cortex' },
      ['--promtail.config.file has no effect: no storage of STORAGE_TYPE=prometheus,cortex takes logs'],
    ],
    [
      'logs that --signals leaves out',
      [SCRAPE, LOGS, '--signals=metrics'],
      {},
      ['--promtail.config.file has no effect: --signals leaves logs out'],
    ],
    [
      'metrics that --signals leaves out',
      [SCRAPE, LOGS, '--signals=logs'],
      {},
      ['--config.file has no effect: --signals leaves metrics out'],
    ],
    ['jobs without a cluster', ['--config.file=<folder>/no-cluster.yml'], {}, [noCluster('s1', 's2')]],
    [
      'jobs without a cluster of both kinds',
      ['--config.file=<folder>/no-cluster.yml', '--promtail.config.file=<folder>/no-cluster-logs.yml'],
      {},
      [noCluster('s1', 's2', 'l1')],
    ],
    ['jobs that --cluster covers', ['--config.file=<folder>/no-cluster.yml', '--cluster=c'], {}, []],
    [
      'lines that their labels cover',
      ['--promtail.config.file=<folder>/no-cluster-logs.yml', '--clymene-promtail.external-labels=cluster=c'],
      {},
      [],
    ],
    [
      'sections of a server',
      ['--config.file=<folder>/server.yml'],
      {},
      ['<folder>/server.yml:1: rule_files: has no effect, an agent stores and evaluates nothing'],
    ],
    [
      'flags of the original that change nothing',
      [SCRAPE, '--metric.split.length=512', '--enable.new-service-discovery-manager'],
      {},
      [
        '--enable.new-service-discovery-manager has no effect: there is one service discovery, which keeps what did not change on reload',
        '--metric.split.length has no effect: a message holds one scrape, and is cut only where a limit of bytes asks for it',
      ],
    ],
    [
      'flags of a storage that is not selected',
      [SCRAPE, '--es.server-urls=http://e:9200'],
      { STORAGE_TYPE: 'prometheus' },
      ['--es.server-urls has no effect: storage elasticsearch is not selected by STORAGE_TYPE'],
    ],
    [
      'a reload API with nothing to read anew',
      [LOGS, '--http.port=:1'],
      {},
      ['--http.port has no effect: there is no scrape configuration to read anew; POST /-/reload on the admin port reads what there is'],
    ],
    ['scrapes beside a dry run', [SCRAPE, LOGS, '--clymene-promtail.dry-run', '--dry-run.wait=1s'], {}, []],
  ])('%s', async (_name, argv, env, warnings) => {
    expect(await warningsOf(agentCommand, argv, env)).toEqual(warnings)
  })
})

describe('agent: what is refused, every mistake at once', () => {
  test.each<[name: string, argv: readonly string[], env: NodeJS.ProcessEnv, mistakes: readonly string[]]>([
    [
      'a buffer with which it would not start',
      [SCRAPE, '--buffer.max-bytes=512KiB', '--buffer.max-age=10ms', '--buffer.fsync-interval=2m'],
      {},
      [
        '--buffer.max-bytes=512KiB: expected at least 16MiB, twice the largest message',
        '--buffer.max-age=10ms: expected at least 1s',
        '--buffer.fsync-interval=120000ms: expected between 0s and 1m',
      ],
    ],
    [
      'sizes with which no line would come',
      [LOGS, '--logs.max-line-bytes=0', '--clymene-promtail.batch-size-bytes=0'],
      {},
      ['--logs.max-line-bytes="0": expected at least 1024 bytes', '--clymene-promtail.batch-size-bytes="0": expected at least 1 byte'],
    ],
    [
      'no file where one is expected, and none given',
      [],
      {},
      [
        'nothing to collect: expected --config.file ("/etc/clymene/clymene.yml" is not there) or --promtail.config.file with a file of a kind that is served, --logs.pods or --events.kubernetes',
      ],
    ],
    ['a file that is not there', ['--config.file=<folder>/none.yml'], {}, ['--config.file="<folder>/none.yml": no such file']],
    ['a folder', ['--config.file=<folder>'], {}, ['--config.file="<folder>": is a folder, expected a file']],
    ['a log file that is not there', ['--promtail.config.file=/none.yml'], {}, ['--promtail.config.file="/none.yml": no such file']],
    [
      'both files are not there',
      ['--config.file=/a.yml', '--promtail.config.file=/b.yml'],
      {},
      ['--config.file="/a.yml": no such file', '--promtail.config.file="/b.yml": no such file'],
    ],
    [
      'both files are wrong, and labels too',
      ['--config.file=<folder>/wrong.yml', '--promtail.config.file=<folder>/wrong-logs.yml', '--clymene-promtail.external-labels=a=1,a=2'],
      {},
      [
        '--clymene-promtail.external-labels: the label "a" comes twice',
        '<folder>/wrong.yml:1: scrape_configs[1].job_name: "s" is used by another job of <folder>/wrong.yml',
        '<folder>/wrong.yml:1: scrape_configs[0].scheme: found "ftp", expected one of http, https',
        '<folder>/wrong-logs.yml:2: scrape: unknown key',
      ],
    ],
    [
      'a kind that no storage takes, and nothing else',
      [LOGS],
      { STORAGE_TYPE: 'prometheus' },
      [
        '--promtail.config.file has no effect: no storage of STORAGE_TYPE=prometheus takes logs',
        'nothing to collect: expected --config.file ("/etc/clymene/clymene.yml" is not there) or --promtail.config.file with a file of a kind that is served, --logs.pods or --events.kubernetes',
      ],
    ],
    [
      'one of several agents that does not say which',
      [SCRAPE, '--agent.shard.count=3', '--agent.shard.index=agent-3'],
      {},
      [
        '--agent.shard.index="agent-3": expected a number below --agent.shard.count=3, or a name that ends with -<number> such as clymene-agent-0',
      ],
    ],
    [
      'a kind that is asked for and has no storage',
      [SCRAPE, '--signals=metrics,logs'],
      { STORAGE_TYPE: 'prometheus' },
      ['--signals asks for logs, which STORAGE_TYPE=prometheus does not take: add one of loki, elasticsearch, embedded, gateway, kafka'],
    ],
    ['an unknown kind', [SCRAPE, '--signals=traces'], {}, ['--signals=traces: expected one or more of metrics, logs']],
    [
      'an unknown storage',
      [SCRAPE],
      { STORAGE_TYPE: 'kdb' },
      ['STORAGE_TYPE names "kdb": expected one or more of prometheus, cortex, loki, elasticsearch, embedded, gateway, kafka'],
    ],
    [
      'several flags',
      [
        SCRAPE,
        '--agent.streams=0',
        '--buffer.full=explode',
        '--buffer.max-age=forever',
        '--agent.streems=2',
        '--clymene-promtail.batch-wait=1',
      ],
      {},
      [
        '--agent.streems: unknown flag, did you mean --agent.streams?',
        '--agent.streams="0": expected a whole number between 1 and 256',
        '--buffer.max-age="forever": expected a duration such as 500ms, 10s or 1m30s',
        '--buffer.full="explode": expected one of expire, refuse',
        '--clymene-promtail.batch-wait="1": expected a duration such as 500ms, 10s or 1m30s',
      ],
    ],
  ])('%s', async (_name, argv, env, mistakes) => {
    expect(await mistakesOf(agentCommand, argv, env)).toEqual(mistakes)
  })
})

describe('promtail: --config.file is the log configuration', () => {
  const FILE = '--config.file=<folder>/logs.yml'
  test.each<[name: string, argv: readonly string[], env: NodeJS.ProcessEnv, warnings: readonly string[]]>([
    ['alone', [FILE], {}, []],
    ['by the environment', [], { CONFIG_FILE: '<folder>/logs.yml' }, []],
    ['the manifest of the original', [FILE, '--gateway.grpc-client.host-port=promtail-gateway:15610'], { STORAGE_TYPE: 'gateway' }, []],
    [
      'the flags of the original, in its spelling',
      [
        FILE,
        '--clymene-promtail.Batch-wait=5s',
        '--clymene-promtail.Batch-size-bytes=2097152',
        '--clymene-promtail.min-backoff=1s',
        '--clymene-promtail.max-backoff=1m',
        '--clymene-promtail.external-labels=a=b,c=d',
        '--clymene-promtail.tenant-id=t',
        '--clymene-promtail.inspect',
        '--clymene-promtail.print-config-stderr',
      ],
      {},
      [],
    ],
    [
      'the flags of the original that change nothing',
      [FILE, '--clymene-promtail.max-retries=3', '--clymene-promtail.stream-lag-labels=job'],
      {},
      [
        '--clymene-promtail.max-retries has no effect: a batch is sent until the storage has it or refuses it for good',
        '--clymene-promtail.stream-lag-labels has no effect: clymene_agent_file_stream_lag_seconds has the labels job and filename',
      ],
    ],
    [
      'flags of the agent that mean nothing here',
      [FILE, LOGS, '--http.port=1'],
      {},
      [
        '--promtail.config.file has no effect: --config.file is the log configuration here',
        '--http.port has no effect: POST /-/reload on the admin port reads the configuration anew',
      ],
    ],
    [
      'a storage that takes metrics only beside one that takes logs',
      [FILE, '--prometheus.remote.url=http://p:9090/api/v1/write'],
      { STORAGE_TYPE: 'prometheus,loki' },
      [],
    ],
    ['a dry run', [FILE, '--clymene-promtail.dry-run'], {}, []],
    ['no file: the built-in configuration', ['--cluster=c'], {}, [BUILT_IN]],
    ['no file on purpose', ['--logs.pods', '--cluster=c', '--logs.exclude-namespaces=kube-system'], {}, []],
    ['standard input, without a file', ['--stdin', '--cluster=c'], {}, []],
    ['standard input by a file', [FILE, '--logs.stdin'], {}, []],
    ['no file and no cluster', ['--config.file='], {}, [BUILT_IN, noCluster('kubernetes-pods')]],
    [
      'the built-in configuration beside a file',
      [FILE, '--logs.pods'],
      {},
      ['--logs.pods has no effect: --config.file="<folder>/logs.yml" says what is collected'],
    ],
  ])('%s', async (_name, argv, env, warnings) => {
    expect(await warningsOf(promtailCommand, argv, env)).toEqual(warnings)
  })

  test.each<[name: string, argv: readonly string[], env: NodeJS.ProcessEnv, mistakes: readonly string[]]>([
    ['a file that is not there', ['--config.file=<folder>/none.yml'], {}, ['--config.file="<folder>/none.yml": no such file']],
    [
      'a namespace that cannot be one',
      [FILE, '--logs.exclude-namespaces=kube-system,Kube_System,a b'],
      {},
      [
        '--logs.exclude-namespaces: expected names of namespaces, found "Kube_System"',
        '--logs.exclude-namespaces: expected names of namespaces, found "a b"',
      ],
    ],
    ['a scrape configuration', [SCRAPE.replace('scrape.yml', 'server.yml')], {}, ['<folder>/server.yml:1: rule_files: unknown key']],
    [
      'storages that take no logs',
      [FILE],
      { STORAGE_TYPE: 'prometheus' },
      ['--signals asks for logs, which STORAGE_TYPE=prometheus does not take: add one of loki, elasticsearch, embedded, gateway, kafka'],
    ],
    ['a kind beyond its name', [FILE, '--signals=metrics'], {}, ['--signals=metrics: this service is limited to logs']],
    [
      'a flag in other letters',
      [FILE, '--clymene-promtail.BATCH-WAIT=5s'],
      {},
      [expect.stringMatching(/^--clymene-promtail\.BATCH-WAIT: unknown flag/)],
    ],
  ])('refused: %s', async (_name, argv, env, mistakes) => {
    expect(await mistakesOf(promtailCommand, argv, env)).toEqual(mistakes)
  })
})

describe('--help', () => {
  test.each([
    ['agent', agentCommand, '/etc/clymene/clymene.yml', ':15691'],
    ['promtail', promtailCommand, '/etc/promtail/config.yml', ':15698'],
  ])('%s tells its defaults', (name, command, file, admin) => {
    const help = helpOf(command)
    expect(help).toContain(`clymene ${name} [flags]`)
    expect(help).toContain(`--config.file path  (default ${file})`)
    expect(help).toContain(`--admin.http.host-ports address  (default ${admin})`)
    expect(command.statusAddress).toBe(admin)
  })
})

test('the jobs of both kinds are listed, for validate', async () => {
  const { summary } = await agentCommand.configure([SCRAPE, LOGS].map(placed), {})
  expect(nameless((await summary?.()) ?? [])).toEqual([
    'job "s": every 60s, static_configs (<folder>/scrape.yml:1)',
    'target\ts\thttp://a:1/metrics\t{cluster="c", instance="a:1", job="s"}',
    'log job "l": static_configs, no stages (<folder>/logs.yml:1)',
  ])
})

test('jobs of the built-in log configuration are told as such, for validate', async () => {
  const { summary } = await promtailCommand.configure(['--logs.pods'], {})
  expect(await summary?.()).toEqual([
    expect.stringMatching(/^log job "kubernetes-pods": pod_logs_sd_configs, stages docker, cri \(built-in log configuration:\d+\)$/),
  ])
})

test('files of credentials that are not there are warnings: they may come later', async () => {
  write('secret.yml', 'scrape_configs: [{job_name: s, bearer_token_file: a}, {job_name: t, tls_config: {ca_file: /nowhere/ca}}]')
  expect(await warningsOf(agentCommand, ['--config.file=<folder>/secret.yml', '--cluster=c'])).toEqual([
    '<folder>/secret.yml:1: scrape_configs[0].bearer_token_file: cannot read <folder>/a: no such file',
    '<folder>/secret.yml:1: scrape_configs[1].tls_config.ca_file: cannot read /nowhere/ca: no such file',
  ])
})
