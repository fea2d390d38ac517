import { ConfigError, errorMessage } from '@clymene/model'
import { isAlias, isScalar, LineCounter, parseDocument, visit, type Document, type YAMLError } from 'yaml'

import { isNode } from './yaml-nodes.ts'

export type YamlDocument = {
  readonly document: Document
  /** The line of an offset, from 1. */
  readonly lineOf: (offset: number) => number
}

/**
 * Parses a file's text; anchors, aliases and `<<` are followed as Go's parser does.
 *
 * @throws ConfigError with file and line. It quotes nothing of the text: where it is broken, a secret may stand.
 */
export function parseYaml(text: string, fileName: string): YamlDocument {
  const lines = new LineCounter()
  const lineOf = (offset: number): number => lines.linePos(offset).line
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, merge: true, prettyErrors: false })
  const wrong = (offset: number, message: string): string => `${fileName}:${lineOf(offset)}: ${message}`
  if (document.errors.length > 0) {
    const templates = templateLines(text)
    const mistakes = document.errors.map((error) => {
      const isTemplate = templates.has(lineOf(error.pos[0]))
      return wrong(error.pos[0], isTemplate ? `is no YAML: ${TEMPLATE}` : messageOf(error, document))
    })
    throw new ConfigError([...new Set(mistakes)])
  }
  const collections = collectionKeys(document)
  if (collections.length > 0)
    throw new ConfigError(collections.map((offset) => wrong(offset, `a key that is a map or a list: ${TEMPLATE}`)))
  const lost = lostAliases(document)
  if (lost.length > 0) throw new ConfigError(lost.map((offset) => wrong(offset, 'an alias without an anchor before it')))
  const binary = binaries(document)
  if (binary.length > 0) throw new ConfigError(binary.map((offset) => wrong(offset, 'a tag !!binary, expected text')))
  keepFractionsAsText(document)
  refuseEndless(document, fileName)
  return { document, lineOf }
}

const TEMPLATE = 'put {{ }} in quotes, or is this a template that was not rendered?'

/** Lines, from 1, that have the braces of a template outside of quotes and comments, as near as a look at one line can tell. */
const templateLines = (text: string): ReadonlySet<number> =>
  new Set(text.split('\n').flatMap((line, index) => (/^[^#"']*\{\{/.test(line) ? [index + 1] : [])))

/** The parser puts the text that it stumbled over behind a colon, or a part of it at the end. */
function messageOf({ code, message, pos }: YAMLError, document: Document): string {
  if (code === 'MULTIPLE_DOCS') return 'expected one document, a second begins here'
  if (code === 'DUPLICATE_KEY') return `${nameAt(document, pos[0])} comes twice in this map`
  if (code === 'BAD_DQ_ESCAPE') return 'Invalid escape sequence'
  if (code === 'TAG_RESOLVE_FAILED') return 'a tag that cannot be resolved'
  return message.split(': ')[0] ?? ''
}

/** The key that begins at an offset, when it is surely one: `{password:secret}` and `{secret}` are keys to YAML too. */
function nameAt(document: Document, offset: number): string {
  let name = ''
  visit(document, {
    Pair: (_key, { key, value }) => {
      const isNamed = isScalar(key) && key.range?.[0] === offset && typeof key.value === 'string' && /^[A-Za-z_][\w.-]*$/.test(key.value)
      if (isNamed && isNode(value) && !(isScalar(value) && value.value === null)) name = String(key.value)
    },
  })
  return name === '' ? 'a key' : `the key ${JSON.stringify(name)}`
}

/** Keys that are maps or lists, which nothing here has. */
function collectionKeys(document: Document): readonly number[] {
  const offsets: number[] = []
  visit(document, {
    Pair: (_key, { key }) => {
      const found = isAlias(key) ? key.resolve(document) : key
      if (!isNode(found) || isScalar(found)) return undefined
      offsets.push((isNode(key) ? key.range?.[0] : undefined) ?? 0)
      // What is inside it is not told again.
      return visit.SKIP
    },
  })
  return offsets
}

function lostAliases(document: Document): readonly number[] {
  const offsets: number[] = []
  visit(document, {
    Alias: (_key, alias) => {
      if (alias.resolve(document) === undefined) offsets.push(alias.range?.[0] ?? 0)
    },
  })
  return offsets
}

/** Text that would be something else after Go's reader had it. */
function binaries(document: Document): readonly number[] {
  const offsets: number[] = []
  visit(document, {
    Scalar: (_key, { tag, range }) => {
      if (tag === 'tag:yaml.org,2002:binary') offsets.push(range?.[0] ?? 0)
    },
  })
  return offsets
}

/** `1.10` is no number anywhere in these files, but a text that ends in a nought: a label's value, a replacement. */
function keepFractionsAsText(document: Document): void {
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === 'number' && node.source !== undefined && !WHOLE.test(node.source)) node.value = node.source
    },
  })
}

const WHOLE = /^[-+]?(\d+|0x[\da-f]+|0o[0-7]+)$/i

/** An alias inside its own anchor, or aliases of aliases that grow without end. */
function refuseEndless(document: Document, fileName: string): void {
  try {
    JSON.stringify(document.toJS())
  } catch (error) {
    throw new ConfigError(`${fileName}:1: aliases cannot be followed: ${errorMessage(error).split('\n')[0] ?? ''}`)
  }
}
