import { isSecretKey, isSecretParameter, REDACTED, redactUrls } from '@clymene/runtime'
import { isAlias, isMap, isScalar, isSeq, Pair, parseDocument, Document, Scalar, visit, YAMLMap, YAMLSeq } from 'yaml'

/**
 * A configuration as it was written, without its secrets and comments (in which one may stand): the values of secret keys, of headers
 * and of parameters, what is secret in URLs, and whatever repeats such a value elsewhere. Anchors are followed.
 */
export function redactedYaml(text: string): string {
  const source = parseDocument(text, { merge: true, prettyErrors: false })
  // What was taken as a configuration has none; a text with mistakes might be cut anywhere.
  if (source.errors.length > 0) return `${REDACTED}\n`
  const secrets = new Set<string>()
  const shown = new Document()
  shown.contents = copyOf(source.contents, { source, secrets, isSecret: NO_SECRETS })
  visit(shown, {
    Scalar: (_key, node) => {
      if (typeof node.value === 'string') node.value = secrets.has(node.value) ? REDACTED : redactUrls(node.value)
    },
  })
  return shown.toString({ lineWidth: 0 })
}

type Place = {
  readonly source: Document
  /** Filled with what was hidden. */
  readonly secrets: Set<string>
  /** Whether what stands under a key of this map is secret. */
  readonly isSecret: (key: string) => boolean
  /** Texts of this place are hidden. */
  readonly hide?: boolean
}

function copyOf(node: unknown, place: Place): YAMLMap | YAMLSeq | Scalar {
  const { source, secrets, hide = false } = place
  if (isAlias(node)) return copyOf(node.resolve(source), place)
  if (isMap(node)) return mapOf(node, place)
  if (isSeq(node)) {
    const list = new YAMLSeq()
    list.items = node.items.map((item) => copyOf(item, place))
    return list
  }
  if (!isScalar(node)) return new Scalar(null)
  if (hide && node.value !== null && node.value !== '') {
    const written = [node.source ?? '', typeof node.value === 'string' ? node.value : '']
    for (const text of written) if (text.length >= MIN_LENGTH) secrets.add(text)
    return new Scalar(REDACTED)
  }
  const { format, minFractionDigits, source: written, type } = node
  // As it was written: 1.10 is not 1.1.
  return Object.assign(new Scalar(node.value), { format, minFractionDigits, source: written, type })
}

/** A shorter one would hide what is no secret all over the file. */
const MIN_LENGTH = 4

function mapOf(map: YAMLMap, place: Place): YAMLMap {
  const copy = new YAMLMap()
  const secretsIn = secretsOf(map)
  copy.items = map.items.map(({ key, value }) => {
    const name = textOf(key)
    const hide = place.hide === true || place.isSecret(name) || isSecretKey(name) || secretsIn(name)
    return new Pair(new Scalar(name), copyOf(value, { ...place, hide, isSecret: PARAMETERS.has(name) ? isSecretParameter : NO_SECRETS }))
  })
  return copy
}

/** Of a scrape, and of what asks for a token. */
const PARAMETERS: ReadonlySet<string> = new Set(['params', 'endpoint_params'])
const NO_SECRETS = (): boolean => false

/** What is secret because of what stands beside it: the values of a header, and what a rule makes of a parameter that is one. */
function secretsOf(map: YAMLMap): (key: string) => boolean {
  const target = textOf(map.get('target_label', true))
  const setsSecret = target.startsWith(PARAMETER) && isSecretParameter(target.slice(PARAMETER.length))
  const isHeader = map.items.every(({ key }) => ['values', 'secrets', 'files'].includes(textOf(key)))
  return (key) => (setsSecret && key === 'replacement') || (isHeader && key === 'values')
}

const PARAMETER = '__param_'

const textOf = (node: unknown): string => (isScalar(node) ? (node.source ?? String(node)) : '')
