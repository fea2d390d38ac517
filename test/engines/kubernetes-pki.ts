import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { runCommand } from './run-command.ts'

/** Paths of PEM files; a name of `leaves` has a `.crt` and a `.key`. */
export type KubernetesPki = {
  readonly file: (name: `${'ca' | 'front-proxy-ca' | Leaf}.${'crt' | 'key'}` | 'sa.key' | 'sa.pub' | 'tokens.csv') => string
  /** Of a static user of the group system:masters. */
  readonly adminToken: string
}

type Leaf = 'apiserver' | 'admin' | 'controller-manager' | 'front-proxy-client'

const DAYS = '3650'

/** What a control plane proves itself with: two authorities, a certificate each for server and clients, the key of service accounts. */
export async function makeKubernetesPki(directory: string, addresses: readonly string[]): Promise<KubernetesPki> {
  mkdirSync(directory, { recursive: true })
  chmodSync(directory, 0o700)
  const file = (name: string): string => join(directory, name)
  const openssl = (...args: string[]): Promise<string> => runCommand('openssl', args)
  const key = (name: string): Promise<string> =>
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', file(`${name}.key`))

  const authority = async (name: string): Promise<void> => {
    await key(name)
    const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign,digitalSignature']
    const args = ['req', '-x509', '-new', '-key', file(`${name}.key`), '-subj', `/CN=kubernetes-${name}`, '-days', DAYS]
    await openssl(...args, ...extensions.flatMap((extension) => ['-addext', extension]), '-out', file(`${name}.crt`))
  }

  const leaf = async (name: Leaf, issuer: string, subject: string, usage: string, names?: string): Promise<void> => {
    await key(name)
    const extensions = ['basicConstraints=CA:FALSE', 'keyUsage=critical,digitalSignature,keyEncipherment', `extendedKeyUsage=${usage}`]
    if (names !== undefined) extensions.push(`subjectAltName=${names}`)
    writeFileSync(file(`${name}.ext`), extensions.join('\n'))
    await openssl('req', '-new', '-key', file(`${name}.key`), '-subj', subject, '-out', file(`${name}.csr`))
    const issued = ['-CA', file(`${issuer}.crt`), '-CAkey', file(`${issuer}.key`), '-set_serial', `0x${randomBytes(8).toString('hex')}`]
    const files = ['-in', file(`${name}.csr`), '-extfile', file(`${name}.ext`), '-out', file(`${name}.crt`)]
    await openssl('x509', '-req', ...issued, '-days', DAYS, ...files)
  }

  await Promise.all([authority('ca'), authority('front-proxy-ca'), key('sa')])
  const names = ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local']
  const subjectAltName = [...names.map((name) => `DNS:${name}`), ...addresses.map((address) => `IP:${address}`)].join(',')
  await Promise.all([
    leaf('apiserver', 'ca', '/CN=kube-apiserver', 'serverAuth', subjectAltName),
    leaf('admin', 'ca', '/O=system:masters/CN=admin', 'clientAuth'),
    leaf('controller-manager', 'ca', '/CN=system:kube-controller-manager', 'clientAuth'),
    leaf('front-proxy-client', 'front-proxy-ca', '/CN=front-proxy-client', 'clientAuth'),
    openssl('pkey', '-in', file('sa.key'), '-pubout', '-out', file('sa.pub')),
  ])
  const adminToken = randomBytes(16).toString('hex')
  writeFileSync(file('tokens.csv'), `${adminToken},admin-token,admin-token,"system:masters"\n`, { mode: 0o600 })
  return { file, adminToken }
}

export type KubeconfigOptions = {
  readonly server: string
  readonly caFile: string
  /** A token, or the files of a client certificate. */
  readonly user: { readonly token: string } | { readonly certificate: string; readonly key: string }
  readonly namespace?: string
}

/** Everything inline: the file can be carried to where it is used. JSON is YAML. */
export function kubeconfigText({ server, caFile, user, namespace = 'default' }: KubeconfigOptions): string {
  const inline = (path: string): string => readFileSync(path).toString('base64')
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': inline(caFile) } }],
    users: [
      {
        name: 'user',
        user:
          'token' in user
            ? { token: user.token }
            : { 'client-certificate-data': inline(user.certificate), 'client-key-data': inline(user.key) },
      },
    ],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'user', namespace } }],
    'current-context': 'test',
  })
}
