import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

import { helmValues, type HelmValuesOptions } from './helm-values.ts'

const CLIENT = 'clients: [{ url: "http://u:SECRET@loki:3100/push?a=b", tenant_id: t, external_labels: { cluster: c } }]\n'
const POSITIONS = 'positions: { filename: /run/promtail/positions.yaml }\n'
const JOBS = `scrape_configs:
  - { job_name: a, static_configs: [{ labels: { __path__: /var/log/a.log } }] }
`
const STATE_NOTE =
  "logAgent.hostPaths.state: /run/promtail is what positions.filename says: look at the hostPath of that volume in Promtail's DaemonSet, in another folder files are read from their beginning"
const NEW_LABEL = 'label cluster="c" is new on lines that had none: Loki begins new streams'
const NOTHING_ELSE = {
  agent: { enabled: false },
  events: { enabled: false },
  nodeExporter: { enabled: false },
  kubeStateMetrics: { enabled: false },
}

function valuesOf(text: string, options: Partial<HelmValuesOptions> = {}) {
  const { text: values, ...rest } = helmValues({ config: { path: 'p.yml', text }, cluster: '', gatewayHosts: [], ...options })
  return { ...rest, values: parse(values), text: values }
}

test('lines go to Loki, as the client says; the jobs stay to the letter, the client and its secret go', () => {
  const { values, text, mistakes, notes } = valuesOf(`${CLIENT}${POSITIONS}${JOBS}`)
  expect(values).toEqual({
    role: 'target',
    cluster: 'c',
    route: 'direct',
    storages: { logs: ['loki'], loki: { url: 'http://loki:3100/push?a=b' } },
    logAgent: {
      configuration: `${POSITIONS}${JOBS}`,
      extraArgs: [
        '--loki.client.username=u',
        '--loki.client.password-file=/etc/clymene-credentials/loki-password',
        '--clymene-promtail.tenant-id=t',
        '--clymene-promtail.external-labels=cluster=c',
      ],
      hostPaths: { state: '/run/promtail' },
      extraVolumeMounts: [{ name: 'state', mountPath: '/run/promtail' }],
    },
    ...NOTHING_ELSE,
  })
  expect(text).not.toContain('SECRET')
  expect(mistakes).toEqual([])
  expect(notes).toEqual([
    'kubectl --namespace clymene create secret generic clymene-agent-credentials --from-file=loki-password=FILE',
    'the chart makes the namespace; until the Secret is there pods end and start again (docs/helm.md, "Secrets")',
    'loki-password: p.yml:1: clients[0].url: the password in it',
    STATE_NOTE,
  ])
})

test('lines go to gateways; what was said of Loki is told, for who writes to it', () => {
  const { values, notes } = valuesOf(`${CLIENT}${POSITIONS}${JOBS}`, { gatewayHosts: ['192.0.2.10', 'gateway.example'] })
  expect(values).toEqual({
    role: 'target',
    cluster: 'c',
    target: { gatewayHosts: ['192.0.2.10', 'gateway.example'] },
    logAgent: expect.objectContaining({
      extraArgs: ['--clymene-promtail.tenant-id=t', '--clymene-promtail.external-labels=cluster=c'],
    }),
    ...NOTHING_ELSE,
  })
  expect(notes).toEqual([
    STATE_NOTE,
    'p.yml: gateways write to Loki: --loki.client.username=u --loki.client.password-file=/etc/clymene-credentials/loki-password --loki.client.url=http://loki:3100/push?a=b is for storages and logIngester of the main cluster',
  ])
})

const TO_LOKI = 'clients: [{ url: http://loki/push }]\n'
const cluster = 'c'

describe('the log agent', () => {
  test.each<[what: string, text: string, logAgent: Record<string, unknown>]>([
    [
      'gets no label that Promtail did not have',
      `${TO_LOKI}${JOBS}`,
      { extraArgs: ['--cluster=c', '--clymene-promtail.external-labels='] },
    ],
    [
      'has positions of its own where those were in the pod',
      'positions: { filename: /tmp/p.yaml }\n',
      { extraVolumeMounts: [{ name: 'state', mountPath: '/tmp' }], hostPaths: undefined },
    ],
    [
      'has them where the chart has them already',
      'positions: { filename: /var/lib/clymene-promtail/p.yaml }\n',
      { extraVolumeMounts: undefined, hostPaths: undefined },
    ],
    ['reads the journal', `${POSITIONS}scrape_configs: [{ job_name: j, journal: {} }]\n`, { journal: true }],
    ['logs as much', `${POSITIONS}server: { log_level: debug }\n`, { extraArgs: expect.arrayContaining(['--log-level=debug']) }],
  ])('%s', (_, text, logAgent) => {
    const { values } = valuesOf(text.includes('clients') ? text : `${TO_LOKI}${text}`, { cluster })
    expect(Object.fromEntries(Object.keys(logAgent).map((key) => [key, values.logAgent[key]]))).toEqual(logAgent)
  })
})

describe('what the values cannot say is told', () => {
  test.each<[what: string, text: string, notes: readonly (string | RegExp)[]]>([
    [
      'the port of the server',
      `server: { http_listen_port: 9080 }\n${TO_LOKI}${POSITIONS}`,
      ['p.yml:1: server: its port is 15698 in the chart, not :9080'],
    ],
    [
      'roles of discovery that the account may not list',
      `${TO_LOKI}${POSITIONS}scrape_configs:
  - { job_name: a, kubernetes_sd_configs: [{ role: pod }] }
  - { job_name: b, kubernetes_sd_configs: [{ role: service }, { role: node }] }
`,
      [
        'p.yml:5: scrape_configs[1]: role service: the account clymene-promtail may list pods alone',
        'p.yml:5: scrape_configs[1]: role node: the account clymene-promtail may list pods alone',
      ],
    ],
    [
      'a label in a job that stays as it is',
      `${TO_LOKI}${POSITIONS}scrape_configs: [{ job_name: a, static_configs: [{ labels: { host: "\${HOSTNAME}" } }] }]\n`,
      [/labels\.host: \$\{HOSTNAME\} stays as it is: --config\.expand-env puts variables in$/],
    ],
    [
      'paths that are not mounted',
      `${TO_LOKI}${POSITIONS}scrape_configs:
  - job_name: a
    static_configs: [{ labels: { __path__: /srv/a.log } }, { labels: { __path__: /var/lib/docker/containers/*/*.log } }]
    relabel_configs: [{ target_label: __path__, replacement: /data/$1.log }, { target_label: b, replacement: /c }]
`,
      [/^p\.yml:4: scrape_configs\[0\]: the pod has no \/srv\/a\.log: /, /: the pod has no \/data\/\$1\.log: /],
    ],
  ])('%s', (_, text, notes) => {
    const told = notes.map((note): unknown => (typeof note === 'string' ? note : expect.stringMatching(note)))
    expect(valuesOf(text, { cluster }).notes).toEqual([NEW_LABEL, STATE_NOTE, ...told])
  })

  test.each([
    ['/var/lib/clymene-promtail', []],
    ['/tmp', [/^positions\.filename: \/tmp went with Promtail's pod: files are read from their beginning, unless .* --logs\.from=end$/]],
    ['/tmp/a', [/^positions\.filename: \/tmp\/a went/]],
    ['/data', [/^logAgent\.hostPaths\.state: \/data is what positions\.filename says: look at the hostPath /]],
  ])('positions in %s', (folder, told) => {
    const { notes } = valuesOf(`${CLIENT}positions: { filename: ${folder}/p.yaml }\n${JOBS}`, { gatewayHosts: ['g'] })
    expect(notes.slice(0, -1)).toEqual(told.map((one): unknown => expect.stringMatching(one)))
  })

  test('variables that are put in: in jobs those of the pod, in what clients say those of here, but for the name of the node', () => {
    const client = 'clients: [{ url: "http://l/p", tenant_id: "${TENANT}", external_labels: { host: "${HOSTNAME}", none: "${NONE}" } }]\n'
    const text = `${client}${POSITIONS}scrape_configs: [{ job_name: "\${A}-\${HOSTNAME}-\${B:-b}-$\${C}", static_configs: [] }]\n`
    const { notes, values } = valuesOf(text, { cluster, expandFrom: { TENANT: 't', HOSTNAME: 'laptop' } })
    expect(notes).toEqual([
      NEW_LABEL,
      STATE_NOTE,
      'p.yml:1: the environment has no NONE: it is empty',
      '${A}: the pod has it by logAgent.extraEnv',
      '${B}: the pod has it by logAgent.extraEnv',
    ])
    expect(values.logAgent.extraArgs).toEqual([
      '--cluster=c',
      '--config.expand-env=true',
      '--clymene-promtail.tenant-id=t',
      '--clymene-promtail.external-labels=host=$(HOSTNAME),none=',
    ])
    expect(values.logAgent.configuration).toContain('${A}-${HOSTNAME}')
  })
})

describe('a file of the client is a key of the Secret that the pod mounts', () => {
  test.each<[client: string, flags: readonly string[], keys: readonly string[]]>([
    [
      'basic_auth: { username: u, password: SECRET }',
      ['username=u', 'password-file=/etc/clymene-credentials/loki-password'],
      ['loki-password'],
    ],
    ['basic_auth: { password_file: /p }', ['password-file=/etc/clymene-credentials/loki-password'], ['loki-password']],
    ['bearer_token: SECRET', ['token-file=/etc/clymene-credentials/loki-token'], ['loki-token']],
    ['bearer_token_file: /etc/clymene-credentials/token', ['token-file=/etc/clymene-credentials/token'], []],
    ['headers: { X-A: SECRET }', ['headers-file=/etc/clymene-credentials/loki-headers'], ['loki-headers']],
    [
      'tls_config: { ca_file: /ca, cert: SECRET, key_file: /k }',
      [
        'tls.ca=/etc/clymene-credentials/loki-ca.crt',
        'tls.key=/etc/clymene-credentials/loki-tls.key',
        'tls.cert=/etc/clymene-credentials/loki-tls.crt',
      ],
      ['loki-ca.crt', 'loki-tls.key', 'loki-tls.crt'],
    ],
  ])('%s', (client, flags, keys) => {
    const { values, notes, text } = valuesOf(
      `clients: [{ url: http://l/p, external_labels: { cluster: c }, ${client} }]\n${POSITIONS}${JOBS}`,
    )
    const args: readonly string[] = values.logAgent.extraArgs
    expect(args.filter((arg) => arg.startsWith('--loki.'))).toEqual(flags.map((flag) => `--loki.client.${flag}`))
    const told = notes.filter((note) => note.startsWith('kubectl')).flatMap((note) => [...note.matchAll(/--from-file=(\S+)=FILE/g)])
    expect(told.map(([, key]) => key)).toEqual(keys)
    expect(notes.filter((note) => note.startsWith('loki-'))).toHaveLength(keys.length)
    expect(`${text}${notes.join('')}`).not.toContain('SECRET')
  })
})

test('a rule in each job names the cluster before the labels of the client do', () => {
  const rule = 'relabel_configs: [{ target_label: cluster, replacement: by-rule }]'
  expect(valuesOf(`${CLIENT}${POSITIONS}scrape_configs: [{ job_name: a, static_configs: [], ${rule} }]\n`).values.cluster).toBe('by-rule')
})

describe('positions that a pod could not write are a mistake', () => {
  test.each(['/var/log', '/etc/promtail', ''])('in %j', (folder) => {
    const { mistakes } = valuesOf(`${TO_LOKI}positions: { filename: ${folder}/positions.yaml }\n`, { cluster })
    expect(mistakes).toEqual([expect.stringMatching(/^p\.yml: positions\.filename: \/\S* cannot be written in a pod of the chart/)])
  })

  test('as they are when nothing says where', () => {
    expect(valuesOf(TO_LOKI, { cluster }).mistakes).toEqual([expect.stringContaining('positions.filename: /var/log cannot be written')])
  })
})

describe('what the chart has to be told is refused where nobody says it', () => {
  test.each<[text: string, options: Partial<HelmValuesOptions>, message: string]>([
    [TO_LOKI, {}, '--cluster is empty, and p.yml names no cluster, or several: expected its name'],
    [TO_LOKI, { cluster: 'a b' }, '--cluster="a b": expected letters, digits, ".", "_" and "-", as the chart takes them'],
    [`${CLIENT}${JOBS}`, { cluster: 'd' }, '--cluster="d": the jobs of p.yml say "c"'],
    [JOBS, { cluster }, 'p.yml has no client with a url: --gateway-hosts has to say where lines go'],
    [JOBS, { cluster, gatewayHosts: ['a:1'] }, '--gateway-hosts: "a:1": expected a name or an address, without a port'],
    ['- a', { cluster }, 'p.yml:1: expected a map at the top level'],
  ])('%j %j', (text, options, message) => {
    expect(() => valuesOf(text, options)).toThrow(message)
  })
})
