import type { ConfigMap } from './config-map.ts'
import { SIGNATURE_ALGORITHMS, type AssertionOptions } from './jwt-assertion.ts'
import type { OAuth2Options } from './oauth2-token.ts'
import { privateKeyOf } from './pem.ts'
import { parseProxyConfig, PROXY_KEYS } from './proxy-config.ts'
import { parseSecret } from './secret-config.ts'
import { secretText } from './secret.ts'
import { parseTlsConfig } from './tls-config.ts'

const KEYS = ['client_id', 'grant_type', 'scopes', 'token_url', 'endpoint_params', 'tls_config', ...PROXY_KEYS]
const SECRET_KEYS = ['client_secret', 'client_secret_file']
const ASSERTION_KEYS = [
  'client_certificate_key',
  'client_certificate_key_file',
  'client_certificate_key_id',
  'signature_algorithm',
  'iss',
  'audience',
  'claims',
]

const CLIENT_CREDENTIALS = 'client_credentials'
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/**
 * Reads `oauth2`. Files are not looked at, a key that stands in the configuration has to be right.
 *
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#oauth2
 */
export function parseOAuth2(map: ConfigMap, directory: string, env: NodeJS.ProcessEnv): OAuth2Options | undefined {
  map.only([...KEYS, ...SECRET_KEYS, ...ASSERTION_KEYS], ['client_secret_ref', 'client_certificate_key_ref'])
  const grant = map.text('grant_type') ?? CLIENT_CREDENTIALS
  if (grant !== CLIENT_CREDENTIALS && grant !== JWT_BEARER) map.mistake('grant_type', `expected ${CLIENT_CREDENTIALS} or ${JWT_BEARER}`)
  const signs = grant === JWT_BEARER
  // Prometheus passes over what belongs to the other kind; whoever gives it means something by it.
  for (const key of signs ? SECRET_KEYS : ASSERTION_KEYS) {
    if (map.has(key)) map.mistake(key, `has no effect with grant_type ${grant}`)
  }
  const clientId = map.text('client_id')
  if (clientId === undefined) map.mistake('client_id', 'expected the name of the client')
  const tokenUrl = parseTokenUrl(map)
  const scopes = map.texts('scopes')
  const secret = parseSecret(map, signs ? 'client_certificate_key' : 'client_secret', directory)
  if (signs && secret === undefined) map.mistake('client_certificate_key', 'expected this or client_certificate_key_file')
  if (signs) checkKey(map)
  const tlsMap = map.map('tls_config')
  const tls = tlsMap === undefined ? {} : parseTlsConfig(tlsMap, directory)
  const proxy = parseProxyConfig(map, env)
  const params = parseParams(map, signs, scopes.length > 0)
  if (clientId === undefined || tokenUrl === undefined) return undefined
  return {
    clientId,
    tokenUrl,
    scopes,
    params,
    secret: secret ?? secretText(''),
    ...(signs ? { assertion: parseAssertion(map, clientId, tokenUrl, scopes) } : {}),
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
    ...(proxy === undefined ? {} : { proxy }),
  }
}

function parseTokenUrl(map: ConfigMap): URL | undefined {
  const text = map.text('token_url')
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return url
  map.mistake('token_url', 'expected a URL such as https://host/token, without user')
  return undefined
}

function parseParams(map: ConfigMap, signs: boolean, hasScopes: boolean): ReadonlyMap<string, string> {
  const inner = map.map('endpoint_params')
  const taken = new Set([...(hasScopes ? ['scope'] : []), ...(signs ? ['assertion'] : [])])
  return new Map(
    (inner?.keys() ?? []).map((name) => {
      if (taken.has(name)) inner?.mistake(name, 'is said by the other keys of oauth2')
      return [name, inner?.text(name) ?? '']
    }),
  )
}

function parseAssertion(map: ConfigMap, clientId: string, tokenUrl: URL, scopes: readonly string[]): AssertionOptions {
  const named = map.text('signature_algorithm')
  const algorithm = named === undefined ? 'RS256' : SIGNATURE_ALGORITHMS.find((one) => one === named)
  if (algorithm === undefined) map.mistake('signature_algorithm', `expected one of ${SIGNATURE_ALGORITHMS.join(', ')}`)
  const keyId = map.text('client_certificate_key_id')
  return {
    algorithm: algorithm ?? 'RS256',
    ...(keyId === undefined ? {} : { keyId }),
    issuer: map.text('iss') ?? clientId,
    subject: clientId,
    audience: map.text('audience') ?? map.text('token_url') ?? tokenUrl.href,
    scopes,
    claims: map.values('claims'),
  }
}

function checkKey(map: ConfigMap): void {
  const key = map.text('client_certificate_key')
  if (key === undefined) return
  try {
    if (privateKeyOf(key).asymmetricKeyType === 'rsa') return
  } catch {
    // Told below, together with keys of another kind.
  }
  map.mistake('client_certificate_key', 'expected an RSA key as PEM, without a passphrase')
}
