import { spawn, type ChildProcess } from 'node:child_process'
import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'

import { freePort } from '../engines/index.ts'
import { parseFiles, readFiles } from '../manifests/manifest-files.ts'
import { startLinesSink } from './lines-sink.ts'
import { runReplay } from './run-replay.ts'
import { startService, type Service } from './service.ts'

const WAIT = { timeout: 60_000, interval: 50 }
const root = join(import.meta.dirname, '../..')
const node = join(root, 'node_modules/.bin/node')
const cli = join(root, 'services/clymene/bin/clymene.mjs')

let folder: string
let sink: Awaited<ReturnType<typeof startLinesSink>>
const services: Service[] = []
const children: ChildProcess[] = []
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-inputs-'))
  sink = await startLinesSink()
})
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.stop()))
  for (const child of children.splice(0)) child.kill('SIGKILL')
})
afterAll(async () => {
  await sink.close()
  rmSync(folder, { recursive: true, force: true })
})

const place = (name: string): string => {
  const path = join(folder, name)
  mkdirSync(path, { recursive: true })
  return path
}
const flagsFor = (buffer: string, url = sink.url): readonly string[] => [
  `--loki.client.url=${url}`,
  `--buffer.dir=${buffer}`,
  '--cluster=c',
  '--clymene-promtail.batch-wait=10ms',
]
const textsOf = (job: string): readonly string[] => sink.lines().flatMap(({ labels, line }) => (labels['job'] === job ? [line] : []))

/** A log agent with a pipe as its standard input. */
function startStdin(flags: readonly string[]) {
  const child = spawn(node, [cli, 'promtail', '--admin.http.host-ports=127.0.0.1:0', ...flags], {
    env: { PATH: process.env['PATH'], STORAGE_TYPE: 'loki' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  children.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { input: child.stdin, ended, output: () => output }
}

async function pass(request: IncomingMessage): Promise<number> {
  const body = new Uint8Array(Buffer.concat(await request.toArray()))
  return (await fetch(sink.url, { method: request.method ?? '', ...(body.length === 0 ? {} : { body }) })).status
}

const STDIN = `
target_config: { stdin: true }
scrape_configs:
  - job_name: piped
    static_configs: [{ labels: { job: piped, __path__: /none } }]
    pipeline_stages: [{ replace: { expression: '(secret)', replace: '***' } }]
`

test('standard input: lines go through the stages of the first job, and the end comes with status 0, when everything is sent', async () => {
  const at = place('stdin')
  writeFileSync(join(at, 'promtail.yml'), STDIN)
  // The server is away when the input ends.
  const port = await freePort()
  const { input, ended, output } = startStdin([
    `--config.file=${at}/promtail.yml`,
    ...flagsFor(join(at, 'buffer'), `http://127.0.0.1:${port}/push`),
  ])
  input.end('one secret\n\ntwo\r\nthree')
  await expect.poll(output, WAIT).toMatch(/storage cannot be written now/)
  const late = createServer((request, response) => {
    void pass(request).then((status) => response.writeHead(status).end())
  })
  await new Promise<void>((resolve) => late.listen(port, '127.0.0.1', resolve))
  expect([await ended, textsOf('piped')]).toEqual([0, ['one ***', 'two', 'three']])
  late.close()
  expect(sink.labelsOf('two')).toEqual([{ cluster: 'c', job: 'piped' }])
})

test('--stdin needs no configuration, and a dry run shows what would be sent', async () => {
  const { input, ended, output } = startStdin(['--stdin', '--dry-run', '--config.file=', `--buffer.dir=${place('dry')}`, '--cluster=c'])
  input.end('hello\n')
  expect(await ended).toBe(0)
  expect(output()).toMatch(/^\S+Z\t\{cluster="c", hostname="[^"]+", job="stdin"\}\thello$/m)
})

test('what the storage refuses for good is a dead letter, whether it came from a file or from standard input', async () => {
  const at = place('refused')
  const refusing = createServer((request, response) =>
    response.writeHead(request.method === 'POST' ? 400 : 200).end('label is not allowed'),
  )
  const port = await freePort()
  await new Promise<void>((resolve) => refusing.listen(port, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${port}/push`
  const lettersIn = async (buffer: string) => (await runReplay(['list', `--buffer.dir=${buffer}`, '--kind=logs'])).stdout.join('\n')
  try {
    writeFileSync(join(at, 'a.log'), 'from a file\n')
    writeFileSync(
      join(at, 'promtail.yml'),
      `positions: {filename: ${at}/positions.yaml}\nscrape_configs: [{job_name: j, static_configs: [{labels: {__path__: ${at}/*.log}}]}]`,
    )
    const files = await startService('promtail', {
      environment: { STORAGE_TYPE: 'loki' },
      flags: [`--config.file=${at}/promtail.yml`, ...flagsFor(join(at, 'files'), url)],
      until: 'alive',
    })
    services.push(files)
    await expect.poll(() => files.metric('clymene_delivery_dead_letters_total'), WAIT).toBe(1)
    await files.stop()
    services.pop()
    const piped = startStdin(['--stdin', '--config.file=', ...flagsFor(join(at, 'stdin'), url)])
    piped.input.end('from a pipe\n')
    expect(await piped.ended).toBe(0)
    for (const buffer of ['files', 'stdin']) expect(await lettersIn(join(at, buffer))).toMatch(/label is not allowed/)
  } finally {
    refusing.close()
  }
})

test('the journal goes through the buffer, and a restart goes on behind what was sent', async () => {
  const at = place('journal')
  const program = join(at, 'journalctl')
  const entry = (number: number): string =>
    JSON.stringify({
      __CURSOR: `s=1;i=${number}`,
      __REALTIME_TIMESTAMP: '1704067200000000',
      MESSAGE: `entry ${number}`,
      _SYSTEMD_UNIT: 'a.service',
    })
  writeFileSync(join(at, 'entries'), `${entry(1)}\n${entry(2)}\n`)
  writeFileSync(program, `#!/bin/sh\necho "$*" >> ${at}/asked\ncat ${at}/entries\nexec sleep 3600\n`)
  chmodSync(program, 0o755)
  writeFileSync(
    join(at, 'promtail.yml'),
    `
positions: {filename: ${at}/positions.yaml}
scrape_configs:
  - job_name: journal
    journal: {labels: {job: systemd-journal}, matches: _TRANSPORT=journal}
    relabel_configs: [{source_labels: [__journal__systemd_unit], target_label: unit}]
`,
  )
  const start = async (): Promise<Service> => {
    const service = await startService('promtail', {
      environment: { STORAGE_TYPE: 'loki' },
      flags: [`--config.file=${at}/promtail.yml`, `--logs.journalctl=${program}`, ...flagsFor(join(at, 'buffer'))],
    })
    services.push(service)
    return service
  }
  const first = await start()
  await expect.poll(() => textsOf('systemd-journal'), WAIT).toEqual(['entry 1', 'entry 2'])
  expect(sink.labelsOf('entry 1')).toEqual([{ cluster: 'c', job: 'systemd-journal', unit: 'a.service' }])
  await first.stop()
  services.pop()
  writeFileSync(join(at, 'entries'), `${entry(2)}\n${entry(3)}\n`)
  const second = await start()
  await expect.poll(() => textsOf('systemd-journal'), WAIT).toEqual(['entry 1', 'entry 2', 'entry 3'])
  expect(await second.metric('clymene_agent_journal_lost_cursors_total')).toBe(0)
  expect(
    readFileSync(join(at, 'asked'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => /--(?:since|cursor)=[^0-9]*\S+ .*/.exec(line)?.[0]),
  ).toEqual([expect.stringMatching(/^--since=@\d+ _TRANSPORT=journal$/), '--cursor=s=1;i=2 _TRANSPORT=journal'])
})

const podOf = (file: string) => {
  const objects = parseFiles(readFiles([file])).map(({ object }) => object)
  const template = objects.find(({ kind }) => kind === 'Deployment')?.spec?.template?.spec
  return { beside: template?.initContainers ?? [], config: objects.find(({ kind }) => kind === 'ConfigMap')?.data?.['promtail.yaml'] ?? '' }
}

test('an agent in the pod: the example reads the files of its application, with the labels of the pod', async () => {
  const at = place('sidecar')
  const { beside, config } = podOf('k8s/examples/sidecar-agent.yaml')
  const [container] = beside
  const here = (text: string): string =>
    text.replaceAll('/var/log/shop', at).replaceAll('/var/lib/clymene', at).replaceAll('/etc/promtail', at)
  writeFileSync(join(at, 'promtail.yaml'), here(config))
  writeFileSync(join(at, 'shop.log'), '{"level":"info","msg":"basket is empty"}\n')
  const pod = { POD_NAME: 'shop-1', POD_NAMESPACE: 'market', NODE_NAME: 'n1' }
  const environment = Object.fromEntries(
    (container?.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, here(value)]])),
  )
  services.push(
    await startService('promtail', {
      environment: { ...environment, ...pod, STORAGE_TYPE: 'loki' },
      flags: [...(container?.args ?? []).map(here), `--loki.client.url=${sink.url}`, '--clymene-promtail.batch-wait=10ms'],
    }),
  )
  const labels = {
    app: 'shop',
    cluster: 'clymene-cluster',
    container: 'shop',
    filename: join(at, 'shop.log'),
    job: 'market/shop',
    level: 'info',
    namespace: 'market',
    node_name: 'n1',
    pod: 'shop-1',
  }
  await expect.poll(() => sink.labelsOf('{"level":"info","msg":"basket is empty"}'), WAIT).toEqual([labels])
  // What it has to keep is in the volume of the pod.
  await expect.poll(() => existsSync(join(at, 'positions.yaml')), WAIT).toBe(true)
})

test('a file shown as the output of a container: the example shows every line, over a rotation', async () => {
  const at = place('streaming')
  const { beside } = podOf('k8s/examples/sidecar-streaming.yaml')
  expect(beside.map(({ name }) => name)).toEqual(['access', 'error'])
  const [program = '', ...args] = beside[0]?.command ?? []
  const shown = spawn(
    program,
    args.map((arg) => arg.replaceAll('/var/log/shop', at)),
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  children.push(shown)
  let text = ''
  shown.stdout.setEncoding('utf8').on('data', (more: string) => (text += more))
  // It comes after the container that shows it.
  const file = join(at, 'access.log')
  writeFileSync(file, 'one\n')
  await expect.poll(() => text, WAIT).toBe('one\n')
  appendFileSync(file, 'two\n')
  await expect.poll(() => text, WAIT).toBe('one\ntwo\n')
  renameSync(file, `${file}.1`)
  writeFileSync(file, 'three\n')
  await expect.poll(() => text, WAIT).toBe('one\ntwo\nthree\n')
})
