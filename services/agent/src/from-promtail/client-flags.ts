import { parseBytes, parseDuration, parseUrl, redactUrls } from '@clymene/runtime'

import type { Section } from '../config/section.ts'

/** Flags that do what a configuration says, and what has no flag, a line each. */
export type Converted = {
  readonly flags: readonly (readonly [name: string, value: string])[]
  readonly notes: readonly string[]
}

/** A file that a flag names: the client has it at `path`, or the text itself, and then nothing of it is here but what it is. */
export type ClientFile = { readonly flag: string; readonly place: string; readonly what: string; readonly path?: string }

/** What a list of flags is gathered in. */
export type Gathered = {
  readonly flag: (name: string, value: string) => void
  readonly note: (place: string, text: string) => void
  readonly file: (file: ClientFile) => void
}

/**
 * One item of `clients`, as flags of the storage loki and of the log agent. A secret is never repeated: it is told which file to put it in.
 * Mistakes of the section go to the list that it was opened with.
 */
export function readClient(client: Section, to: Gathered): void {
  readAddress(client, to)
  readCredentials(client, to)
  readTls(client.section('tls_config'), to)
  readLabels(client, to)
  readPace(client, to)
  for (const [key, why] of Object.entries(WITHOUT_FLAG)) if (client.has(key)) to.note(client.where(key), why)
  client.accept(...Object.keys(WITHOUT_FLAG))
  client.finish()
}

const PROXY =
  'no storage is reached through a proxy: a gateway is, by gRPC and the variables https_proxy and no_proxy, and it can write to Loki'
const WITHOUT_FLAG: Readonly<Record<string, string>> = {
  name: 'has no flag: metrics have the name of the storage',
  oauth2: 'has no flag: --loki.client.token-file with a file that somebody renews is read again when it changes',
  proxy_url: PROXY,
  proxy_from_environment: PROXY,
  proxy_connect_header: PROXY,
  no_proxy: PROXY,
  follow_redirects: 'has no flag: a redirection is not followed, but tried again and told',
  enable_http2: 'has no flag: HTTP/1.1 is spoken',
  drop_rate_limited_batches: 'has no flag: a batch that is refused for its rate is sent again until it is taken',
  stream_lag_labels: 'has no flag: clymene_agent_file_stream_lag_seconds has the labels job and filename',
  queue: 'has no flag: the files are the queue',
}

function readAddress(client: Section, to: Gathered): void {
  const url = client.scalar('url', undefined, 'a URL', (text): URL | undefined => parseUrl(text))
  if (url === undefined) return
  if (url.username !== '') to.flag('loki.client.username', decodeURIComponent(url.username))
  if (url.password !== '') to.file({ flag: 'loki.client.password-file', place: client.where('url'), what: 'the password in it' })
  url.username = ''
  url.password = ''
  const shown = redactUrls(url.href)
  if (shown !== url.href) to.note(client.where('url'), 'a secret in it is left out below')
  to.flag('loki.client.url', shown)
}

function readCredentials(client: Section, to: Gathered): void {
  const basic = client.section('basic_auth')
  readText(basic, 'username', 'loki.client.username', to)
  readFile(basic, 'password_file', 'loki.client.password-file', to)
  readSecret(basic, 'password', 'loki.client.password-file', to)
  basic?.finish()
  const authorization = client.section('authorization')
  const scheme = authorization?.string('type', 'Bearer') ?? 'Bearer'
  if (authorization !== undefined && scheme.toLowerCase() !== 'bearer') {
    const what = `"authorization: ${scheme} …" with the credentials`
    to.file({ flag: HEADERS_FILE, place: authorization.where('type'), what })
    authorization.accept('credentials', 'credentials_file')
  } else {
    readFile(authorization, 'credentials_file', 'loki.client.token-file', to)
    readSecret(authorization, 'credentials', 'loki.client.token-file', to)
  }
  authorization?.finish()
  readFile(client, 'bearer_token_file', 'loki.client.token-file', to)
  readSecret(client, 'bearer_token', 'loki.client.token-file', to)
  const given = client.texts('headers')
  const tenant = given.find(isTenant)
  if (tenant !== undefined) to.flag('loki.client.tenant-id', tenant[1])
  const headers = given.filter((header) => !isTenant(header)).map(([name]) => name)
  if (headers.length > 0) {
    const what = `${headers.join(', ')} with their values, a line each as "name: value",`
    to.file({ flag: HEADERS_FILE, place: client.where('headers'), what })
  }
}

const HEADERS_FILE = 'loki.client.headers-file'

const isTenant = ([name]: readonly [string, string]): boolean => name.toLowerCase() === 'x-scope-orgid'

function readTls(tls: Section | undefined, to: Gathered): void {
  readFile(tls, 'ca_file', 'loki.client.tls.ca', to)
  readFile(tls, 'cert_file', 'loki.client.tls.cert', to)
  readFile(tls, 'key_file', 'loki.client.tls.key', to)
  readText(tls, 'server_name', 'loki.client.tls.server-name', to)
  readSecret(tls, 'ca', 'loki.client.tls.ca', to)
  readSecret(tls, 'cert', 'loki.client.tls.cert', to)
  readSecret(tls, 'key', 'loki.client.tls.key', to)
  if (tls?.bool('insecure_skip_verify', false) === true) to.flag('loki.client.tls.skip-host-verify', 'true')
  for (const key of ['min_version', 'max_version']) {
    if (tls?.has(key) === true) to.note(tls.where(key), 'has no flag: TLS 1.2 or newer is spoken')
    tls?.accept(key)
  }
  tls?.finish()
}

function readLabels(client: Section, to: Gathered): void {
  readText(client, 'tenant_id', 'clymene-promtail.tenant-id', to)
  const labels = client.texts('external_labels')
  const plain = labels.filter(([name, value]) => value.trim() === value && !`${name}${value}`.includes(','))
  if (plain.length > 0) to.flag('clymene-promtail.external-labels', plain.map(([name, value]) => `${name}=${value}`).join(','))
  for (const [name] of labels.filter((label) => !plain.includes(label)))
    to.note(client.where('external_labels'), `${name}: a flag cannot say its value: a rule with target_label: ${name} in each job can`)
}

function readPace(client: Section, to: Gathered): void {
  const duration = (section: Section | undefined, key: string, flag: string): void => readChecked(section, key, flag, parseDuration, to)
  duration(client, 'timeout', 'loki.client.timeout')
  duration(client, 'batchwait', 'clymene-promtail.batch-wait')
  readChecked(client, 'batchsize', 'clymene-promtail.batch-size-bytes', parseBytes, to)
  const backoff = client.section('backoff_config')
  duration(backoff, 'min_period', 'clymene-promtail.min-backoff')
  duration(backoff, 'max_period', 'clymene-promtail.max-backoff')
  if (backoff?.has('max_retries') === true)
    to.note(backoff.where('max_retries'), 'has no flag: a batch is sent until the storage has it or refuses it for good')
  backoff?.accept('max_retries')
  backoff?.finish()
}

function readText(section: Section | undefined, key: string, flag: string, to: Gathered): void {
  const text = section?.string(key, '') ?? ''
  if (text !== '') to.flag(flag, text)
}

function readChecked(section: Section | undefined, key: string, flag: string, check: (text: string) => unknown, to: Gathered): void {
  const text =
    section?.scalar(key, '', 'a value', (found) => {
      check(found)
      return found
    }) ?? ''
  if (text !== '') to.flag(flag, text)
}

function readFile(section: Section | undefined, key: string, flag: string, to: Gathered): void {
  const path = section?.string(key, '') ?? ''
  if (path !== '' && section !== undefined) to.file({ flag, place: section.where(key), what: path, path })
}

function readSecret(section: Section | undefined, key: string, flag: string, to: Gathered): void {
  if (section?.string(key, '') === '' || section === undefined) return
  to.file({ flag, place: section.where(key), what: 'it' })
}
