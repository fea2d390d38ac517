import { errorMessage } from '@clymene/model'

import { unquoteGo } from '../go-string.ts'

/** A piece of a template: text as it stands, or the tokens of one `{{ … }}`. */
export type Piece = { readonly text: string } | { readonly tokens: readonly Token[]; readonly position: number }

export type Token = {
  readonly kind: 'word' | 'field' | 'variable' | 'string' | 'character' | 'number' | 'sign'
  /** Of a string its value, of everything else what stands there. */
  readonly text: string
  /** UTF-16 index into the template. */
  readonly position: number
  /** White space stands before it. */
  readonly spaced: boolean
}

/** The template is not one. The message says what is wrong and where. */
export class TemplateSyntaxError extends Error {
  override readonly name = 'TemplateSyntaxError'

  constructor(reason: string, position: number) {
    super(`${reason} at position ${position}`)
  }
}

const TRIMMED_END = /[ \t\r\n]+$/
const TRIMMED_START = /^[ \t\r\n]+/
const OPEN_TRIM = /\{\{-(?=[ \t\r\n])/y
const COMMENT = /[ \t\r\n]*\/\*/y
const TOKEN =
  /(?<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?<character>'(?:[^'\\\n]|\\[^\n]+?)')|(?<number>[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?))(?![\p{L}_])|(?<variable>\$[\p{L}\p{Nd}_]*)|(?<field>\.(?:[\p{L}_][\p{L}\p{Nd}_]*)?)|(?<word>[\p{L}_][\p{L}\p{Nd}_]*)|(?<sign>:=|[|(),=])/uy

/**
 * Splits a template of Go's text/template into text and actions. `{{- ` and ` -}}` take the white space beside them away,
 * comments leave nothing.
 *
 * @throws TemplateSyntaxError
 */
export function lexTemplate(template: string): readonly Piece[] {
  const pieces: Piece[] = []
  let position = 0
  let trimNext = false
  for (;;) {
    const open = template.indexOf('{{', position)
    let text = template.slice(position, open === -1 ? template.length : open)
    if (trimNext) text = text.replace(TRIMMED_START, '')
    OPEN_TRIM.lastIndex = open === -1 ? template.length : open
    const trims = OPEN_TRIM.test(template)
    if (trims) text = text.replace(TRIMMED_END, '')
    if (text !== '') pieces.push({ text })
    if (open === -1) return pieces
    const action = readAction(template, open, open + (trims ? 3 : 2))
    if (action.tokens !== undefined) pieces.push({ tokens: action.tokens, position: open })
    trimNext = action.trims
    position = action.end
  }
}

type Action = { readonly tokens: readonly Token[] | undefined; readonly end: number; readonly trims: boolean }

function readAction(template: string, open: number, start: number): Action {
  COMMENT.lastIndex = start
  if (COMMENT.test(template)) return readComment(template, open, COMMENT.lastIndex)
  const tokens: Token[] = []
  let position = start
  for (;;) {
    const close = closeAt(template, position)
    if (close !== undefined) return { tokens, ...close }
    SPACE.lastIndex = position
    const spaced = SPACE.test(template)
    if (spaced) position = SPACE.lastIndex
    if (spaced && template.startsWith('}}', position)) continue
    if (position >= template.length) throw new TemplateSyntaxError('{{ without }}', open)
    const token = readToken(template, position, spaced)
    tokens.push(token)
    position = TOKEN.lastIndex
  }
}

function readToken(template: string, position: number, spaced: boolean): Token {
  TOKEN.lastIndex = position
  const groups = TOKEN.exec(template)?.groups ?? {}
  for (const kind of KINDS) {
    const text = groups[kind]
    if (text !== undefined) return { kind, text: kind === 'string' ? unquote(text, position) : text, position, spaced }
  }
  throw new TemplateSyntaxError(`unexpected ${JSON.stringify(template.charAt(position))}`, position)
}

function readComment(template: string, open: number, start: number): Action {
  const end = template.indexOf('*/', start)
  const close = end === -1 ? undefined : closeAt(template, end + 2)
  if (close === undefined) throw new TemplateSyntaxError('a comment has to end with */}} or */ -}}', open)
  return { tokens: undefined, ...close }
}

function closeAt(template: string, position: number): { readonly end: number; readonly trims: boolean } | undefined {
  if (template.startsWith('}}', position)) return { end: position + 2, trims: false }
  const trimmed = /[ \t\r\n]-\}\}/y
  trimmed.lastIndex = position
  return trimmed.test(template) ? { end: position + 4, trims: true } : undefined
}

const SPACE = /[ \t\r\n]+/y
const KINDS = ['word', 'field', 'variable', 'string', 'character', 'number', 'sign'] as const

/** The value of a literal of Go. */
export function unquote(literal: string, position: number): string {
  try {
    return unquoteGo(literal)
  } catch (error) {
    throw new TemplateSyntaxError(errorMessage(error), position)
  }
}
