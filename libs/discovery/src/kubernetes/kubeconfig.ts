import { dirname, resolve } from 'node:path'

import { collectMistakes, ConfigError, errorMessage } from '@clymene/model'
import {
  parseHttpAccess,
  pemFile,
  pemText,
  secretFile,
  secretText,
  type ClientTls,
  type HttpAccessOptions,
  type Pem,
} from '@clymene/runtime'
import { parse } from 'yaml'

import type { ApiAccess } from './api-server.ts'
import { isJson, jsonAt, listAt, textAt, type Json } from './json.ts'

/**
 * Reads the cluster and user of the current context of a kubeconfig. Relative paths begin at its folder.
 *
 * @throws ConfigError with every mistake; a secret never stands in one.
 * @see https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
 */
export function parseKubeconfig(text: string, path: string): ApiAccess {
  const mistakes: string[] = []
  const root = parseYaml(text, path)
  const name = textAt(root, 'current-context')
  const context = named(root, 'contexts', 'context', name, `${path}: current-context`, mistakes)
  const cluster = named(root, 'clusters', 'cluster', textAt(context, 'cluster'), `${path}: cluster of the context ${name}`, mistakes)
  const userName = textAt(context, 'user')
  const user = userName === '' ? {} : named(root, 'users', 'user', userName, `${path}: user of the context ${name}`, mistakes)
  const directory = dirname(path)
  const url = textAt(cluster, 'server')
  if (mistakes.length === 0 && !/^https?:\/\/[^/]/.test(url))
    mistakes.push(`${path}: server of the cluster: expected a URL such as https://host:6443`)
  const proxy = readProxy(textAt(cluster, 'proxy-url'), path, mistakes)
  const tls = readTls(cluster, user, directory)
  const http = {
    ...readCredentials(user, path, directory, mistakes),
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
    ...(proxy === undefined ? {} : { proxy }),
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return { url, http }
}

function parseYaml(text: string, path: string): Json {
  let root: unknown
  try {
    root = parse(text)
  } catch (error) {
    // Only the place: the parser quotes what it read.
    throw new ConfigError(`${path}: is not YAML${/ at line \d+, column \d+/.exec(errorMessage(error))?.[0] ?? ''}`)
  }
  if (isJson(root)) return root
  throw new ConfigError(`${path}: expected a kubeconfig, a map with clusters, users and contexts`)
}

function named(root: Json, list: string, kind: string, name: string, where: string, mistakes: string[]): Json {
  const items = listAt(root, list)
  const item = items.find((one) => textAt(one, 'name') === name)
  if (name !== '' && item !== undefined) return jsonAt(item, kind)
  const known = items.map((one) => textAt(one, 'name')).join(', ')
  // What follows from a mistake is none of its own.
  if (mistakes.length === 0) mistakes.push(`${where}: ${name === '' ? 'is not set' : `no ${JSON.stringify(name)}`} (${list}: ${known})`)
  return {}
}

/** As `proxy_url` of a configuration; without one kubectl would look at the environment, this does not. */
function readProxy(url: string, path: string, mistakes: string[]): HttpAccessOptions['proxy'] {
  if (url === '') return undefined
  const fields = new Map([['proxy_url', url]])
  return collectMistakes(mistakes, () => parseHttpAccess(fields, () => `${path}: proxy-url`, { directory: dirname(path) }).proxy)
}

function readTls(cluster: Json, user: Json, directory: string): ClientTls {
  const pem = (from: Json, name: string): Pem | undefined => {
    const inline = textAt(from, `${name}-data`)
    if (inline !== '') return pemText(Buffer.from(inline, 'base64').toString('utf8'))
    const file = textAt(from, name)
    return file === '' ? undefined : pemFile(resolve(directory, file))
  }
  const ca = pem(cluster, 'certificate-authority')
  const cert = pem(user, 'client-certificate')
  const key = pem(user, 'client-key')
  const serverName = textAt(cluster, 'tls-server-name')
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === '' ? {} : { serverName }),
    ...(cluster['insecure-skip-tls-verify'] === true ? { skipVerify: true } : {}),
  }
}

function readCredentials(
  user: Json,
  path: string,
  directory: string,
  mistakes: string[],
): Pick<HttpAccessOptions, 'basic' | 'authorization'> {
  for (const plugin of ['exec', 'auth-provider']) {
    if (user[plugin] === undefined || user[plugin] === null) continue
    mistakes.push(
      `${path}: the user gets its credentials from a program (${plugin}), which is not supported: make a service account with the rights ` +
        'to list and watch, and put its token into the kubeconfig (token or tokenFile), or use api_server with authorization.credentials_file',
    )
  }
  for (const key of ['as', 'as-uid', 'as-groups', 'as-user-extra']) {
    if (user[key] !== undefined && user[key] !== null)
      mistakes.push(`${path}: ${key} of the user is not supported, give the rights to who asks`)
  }
  const token = textAt(user, 'token')
  const tokenFile = textAt(user, 'tokenFile')
  const username = textAt(user, 'username')
  const hasToken = token !== '' || tokenFile !== ''
  if (hasToken && username !== '') mistakes.push(`${path}: the user has a token and a username, give one of them`)
  if (hasToken) {
    // The file is the one that is kept fresh.
    const credentials = tokenFile === '' ? secretText(token) : secretFile(resolve(directory, tokenFile))
    return { authorization: { type: 'Bearer', credentials } }
  }
  return username === '' ? {} : { basic: { username: secretText(username), password: secretText(textAt(user, 'password')) } }
}
