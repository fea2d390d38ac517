import { ConfigError, errorMessage } from '@clymene/model'
import { LineCounter, parseDocument, visit, type Document, type YAMLError } from 'yaml'

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
  if (document.errors.length > 0) throw new ConfigError(document.errors.map((error) => wrong(error.pos[0], withoutQuote(error))))
  const lost = lostAliases(document)
  if (lost.length > 0) throw new ConfigError(lost.map((offset) => wrong(offset, 'an alias without an anchor before it')))
  const binary = binaries(document)
  if (binary.length > 0) throw new ConfigError(binary.map((offset) => wrong(offset, 'a tag !!binary, expected text')))
  refuseEndless(document, fileName)
  return { document, lineOf }
}

/** The parser puts the text that it stumbled over behind a colon, or a part of it at the end. */
function withoutQuote({ code, message }: YAMLError): string {
  if (code === 'BAD_DQ_ESCAPE') return 'Invalid escape sequence'
  if (code === 'TAG_RESOLVE_FAILED') return 'a tag that cannot be resolved'
  return message.split(': ')[0] ?? ''
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

/** An alias inside its own anchor, or aliases of aliases that grow without end. */
function refuseEndless(document: Document, fileName: string): void {
  try {
    JSON.stringify(document.toJS())
  } catch (error) {
    throw new ConfigError(`${fileName}:1: aliases cannot be followed: ${errorMessage(error).split('\n')[0] ?? ''}`)
  }
}
