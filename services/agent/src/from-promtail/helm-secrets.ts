import type { ClientFile } from './client-flags.ts'

/** Where a pod of k8s/helm/clymene has the Secret of its agents. */
const FOLDER = '/etc/clymene-credentials'
const SECRET = 'clymene-agent-credentials'
/** By flag, as the Secret has them beside the token and the authority of the gateways. */
const KEYS: ReadonlyMap<string, string> = new Map([
  ['loki.client.password-file', 'loki-password'],
  ['loki.client.token-file', 'loki-token'],
  ['loki.client.headers-file', 'loki-headers'],
  ['loki.client.tls.ca', 'loki-ca.crt'],
  ['loki.client.tls.cert', 'loki-tls.crt'],
  ['loki.client.tls.key', 'loki-tls.key'],
])

/** A path that is of the Secret already stays. */
export const pathInPod = ({ flag, path = '' }: ClientFile): string => (path.startsWith(`${FOLDER}/`) ? path : `${FOLDER}/${KEYS.get(flag)}`)

/** The command that makes the Secret, and what each key of it is. */
export function secretNotes(files: readonly ClientFile[]): readonly string[] {
  const missing = new Map(files.filter((file) => pathInPod(file) !== file.path).map((file) => [KEYS.get(file.flag), file]))
  if (missing.size === 0) return []
  const from = [...missing.keys()].map((key) => `--from-file=${key}=FILE`)
  return [
    `kubectl --namespace clymene create secret generic ${SECRET} ${from.join(' ')}`,
    `the chart makes the namespace; until the Secret is there pods end and start again (docs/helm.md, "Secrets")`,
    ...[...missing].map(([key, { place, what }]) => `${key}: ${place}: ${what === 'it' ? 'what stands there' : what}`),
  ]
}
