import type { Node, Pipe } from './ast.ts'
import { lexTemplate, type Piece, TemplateSyntaxError } from './lexer.ts'
import { type Names, parsePipe } from './pipe-parser.ts'

type BlockKind = 'if' | 'with' | 'range'

/** A block whose `{{end}}` has not come. */
type OpenBlock = {
  readonly kind: BlockKind
  readonly pipe: Pipe
  readonly body: Node[]
  otherwise: Node[] | undefined
  /** Made by `else if`: ends together with the block around it. */
  readonly chained: boolean
  /** How many variables there were before it, and with those that its pipeline declares. */
  readonly outside: number
  readonly inside: number
}

/** Blocks in one another: deeper than anybody writes, less than the stack holds. */
const MAX_DEPTH = 100

/**
 * Parses a template of Go's text/template. `define`, `template` and `block` are refused.
 *
 * @param checkFunction throws when no function of that name is offered.
 * @throws TemplateSyntaxError
 * @see https://pkg.go.dev/text/template
 */
export function parseTemplate(template: string, checkFunction: Names['checkFunction']): readonly Node[] {
  const root: Node[] = []
  const blocks: OpenBlock[] = []
  const names: Names = { variables: ['$'], checkFunction }

  const add = (node: Node): void => {
    const block = blocks.at(-1)
    ;(block === undefined ? root : (block.otherwise ?? block.body)).push(node)
  }
  const pipeOf = (action: Action, from: number, isRange = false): Pipe => parsePipe(action.tokens, from, action.position, names, isRange)
  const open = (kind: BlockKind, action: Action, from: number, chained: boolean): void => {
    if (blocks.length >= MAX_DEPTH) throw new TemplateSyntaxError(`more than ${MAX_DEPTH} blocks in one another`, action.position)
    const outside = names.variables.length
    const pipe = pipeOf(action, from, kind === 'range')
    blocks.push({ kind, pipe, body: [], otherwise: undefined, chained, outside, inside: names.variables.length })
  }
  const close = ({ position }: Action): void => {
    for (let chained = true; chained;) {
      const block = blocks.pop()
      if (block === undefined) throw new TemplateSyntaxError('{{end}} without a block', position)
      names.variables.length = block.outside
      add({ kind: block.kind, pipe: block.pipe, body: block.body, otherwise: block.otherwise ?? [] })
      chained = block.chained
    }
  }
  const turn = (action: Action): void => {
    const block = blocks.at(-1)
    if (block === undefined || block.otherwise !== undefined) throw new TemplateSyntaxError('{{else}} without a block', action.position)
    block.otherwise = []
    names.variables.length = block.inside
    const next = action.tokens[1]
    if (next === undefined) return
    if (next.text !== block.kind || block.kind === 'range')
      throw new TemplateSyntaxError(`unexpected ${JSON.stringify(next.text)}`, next.position)
    open(block.kind, action, 2, true)
  }
  const leave = (kind: 'break' | 'continue', { position }: Action): void => {
    if (!blocks.some((block) => block.kind === 'range')) throw new TemplateSyntaxError(`{{${kind}}} outside of a range`, position)
    add({ kind })
  }

  for (const piece of lexTemplate(template)) {
    if ('text' in piece) {
      add({ kind: 'text', text: piece.text })
      continue
    }
    const [first, second] = piece.tokens
    const keyword = first?.kind === 'word' ? first.text : ''
    if (keyword === 'if' || keyword === 'with' || keyword === 'range') open(keyword, piece, 1, false)
    else if (keyword === 'else') turn(piece)
    else if (keyword === 'end' || keyword === 'break' || keyword === 'continue') {
      if (second !== undefined) throw new TemplateSyntaxError(`unexpected ${JSON.stringify(second.text)}`, second.position)
      if (keyword === 'end') close(piece)
      else leave(keyword, piece)
    } else if (keyword === 'define' || keyword === 'template' || keyword === 'block') {
      throw new TemplateSyntaxError(`{{${keyword}}} is not supported`, piece.position)
    } else add({ kind: 'action', pipe: pipeOf(piece, 0) })
  }
  const [unclosed] = blocks
  if (unclosed !== undefined) throw new TemplateSyntaxError(`{{${unclosed.kind}}} without {{end}}`, template.length)
  return root
}

type Action = Exclude<Piece, { readonly text: string }>
