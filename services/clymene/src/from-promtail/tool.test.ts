import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { promtailCommand } from '@clymene/agent'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'

import { fromPromtailTool } from './tool.ts'

const CONFIG = `
server: {http_listen_port: 9080}
clients:
  - url: https://loki.example:3100/loki/api/v1/push
    tenant_id: team a
    basic_auth: {username: "it's", password: SECRET}
    tls_config: {insecure_skip_verify: true}
    external_labels: {cluster: "\${CLUSTER:-none}"}
    batchwait: 2s
    backoff_config: {max_retries: 3}
scrape_configs:
  - job_name: a
    static_configs: [{labels: {__path__: /var/log/*.log, cluster: c}}]
`

let folder = ''
let file = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-from-'))
  file = join(folder, 'promtail.yml')
  writeFileSync(file, CONFIG)
})
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => {
  process.exitCode = undefined
})

async function run(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  let [stdout, stderr] = ['', '']
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((stdout += String(text))))
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((stderr += String(text))))
  const status = await fromPromtailTool.run(argv, env)
  vi.restoreAllMocks()
  return { status, stdout: stdout.replaceAll(folder, '<folder>'), stderr: stderr.replaceAll(folder, '<folder>') }
}

const NOTES = `# <folder>/promtail.yml:6: clients[0].basic_auth.password: put it in a file that only the agent may read, and name it by --loki.client.password-file
# <folder>/promtail.yml:10: clients[0].backoff_config.max_retries: has no flag: a batch is sent until the storage has it or refuses it for good
`

test('as a command line', async () => {
  expect(await run([file, '--config.expand-env'], { CLUSTER: 'c1' })).toEqual({
    status: 0,
    stdout: `${NOTES}clymene promtail \\
  --config.file=<folder>/promtail.yml \\
  --config.expand-env=true \\
  --admin.http.host-ports=:9080 \\
  --buffer.dir=/var/log/clymene-buffer \\
  --storage-type=loki \\
  --loki.client.url=https://loki.example:3100/loki/api/v1/push \\
  --loki.client.username='it'\\''s' \\
  --loki.client.tls.skip-host-verify=true \\
  --clymene-promtail.tenant-id='team a' \\
  --clymene-promtail.external-labels=cluster=c1 \\
  --clymene-promtail.batch-wait=2s
`,
    stderr: '',
  })
})

test('as variables, which the agent takes', async () => {
  const { stdout } = await run([file, '--output=environment', '--config.expand-env'])
  expect(stdout).toContain('STORAGE_TYPE=loki\nLOKI_CLIENT_URL=https://loki.example:3100/loki/api/v1/push\n')
  const pairs = stdout
    .replaceAll('<folder>', folder)
    .split('\n')
    .flatMap((line) => /^([A-Z_]+)=(.*)$/.exec(line)?.slice(1, 3) ?? [])
  const env = Object.fromEntries(pairs.flatMap((name, index) => (index % 2 === 0 ? [[name, pairs[index + 1]]] : [])))
  writeFileSync(join(folder, 'password'), 'SECRET')
  const { warnings } = await promtailCommand.configure([`--loki.client.password-file=${join(folder, 'password')}`], env)
  // The configuration still has what the flags do.
  expect(warnings).toEqual(expect.arrayContaining([expect.stringMatching(/clients: has no effect/)]))
  expect(warnings.filter((warning) => warning.startsWith('--'))).toEqual([])
})

test('as values of the chart, with the jobs and without the secret', async () => {
  const { status, stdout, stderr } = await run([file, '--output=helm-values', '--cluster=c', '--gateway-hosts=192.0.2.10,192.0.2.11'])
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: `the agent does not start with <folder>/promtail.yml: it has a mistake
<folder>/promtail.yml: positions.filename: /var/log cannot be written in a pod of the chart: expected a folder as /var/lib/clymene-promtail
`,
  })
  expect(stdout).toContain('role: target\ncluster: c\ntarget:\n  gatewayHosts:\n    - 192.0.2.10\n    - 192.0.2.11\nlogAgent:\n')
  expect(stdout).toContain('    scrape_configs:\n      - job_name: a\n')
  expect(stdout).not.toContain('SECRET')
  writeFileSync(join(folder, 'state.yml'), `${CONFIG}positions: { filename: /run/promtail/positions.yaml }\n`)
  expect(await run([join(folder, 'state.yml'), '--output=helm-values', '--cluster=c'])).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('route: direct\nstorages:\n  logs:\n    - loki\n'),
    stderr: '',
  })
})

test('what the agent would refuse is told on stderr, with status 1', async () => {
  writeFileSync(
    join(folder, 'wrong.yml'),
    'clients: [{url: "http://loki/p"}]\nscrape_configs:\n  - job_name: a\n    syslog: {}\n    pipline_stages: []\n',
  )
  expect(await run([join(folder, 'wrong.yml')])).toEqual({
    status: 1,
    stdout: expect.stringContaining('--loki.client.url=http://loki/p\n'),
    stderr: expect.stringMatching(
      /^the agent does not start with <folder>\/wrong\.yml: it has 2 mistakes\n<folder>\/wrong\.yml:4: .*syslog.*\n<folder>\/wrong\.yml:5: .*, did you mean pipeline_stages\?\n$/,
    ),
  })
})

describe('refused with status 2', () => {
  test.each<[argv: readonly string[], stderr: string]>([
    [[], 'expected one file, the configuration of Promtail\n'],
    [['a', 'b'], 'expected one file, the configuration of Promtail\n'],
    [['<folder>/none.yml'], '<folder>/none.yml: no such file\n'],
    [['<folder>/promtail.yml', '--output=yaml'], '--output="yaml": expected one of flags, environment, helm-values\n'],
    [
      ['<folder>/promtail.yml', '--cluster=c', '--gateway-hosts=a'],
      '--cluster: has a meaning with --output=helm-values only\n--gateway-hosts: has a meaning with --output=helm-values only\n',
    ],
    [
      ['<folder>/promtail.yml', '--output=helm-values'],
      '--cluster is empty, and <folder>/promtail.yml names no cluster, or several: expected its name\n',
    ],
  ])('%j', async (argv, stderr) => {
    expect(await run(argv.map((word) => word.replace('<folder>', folder)))).toEqual({ status: 2, stdout: '', stderr })
  })
})

test('--help says how', async () => {
  expect((await run(['--help'])).stdout).toMatch(/^clymene from-promtail: [^]*clymene --from-promtail=promtail\.yml/)
})
