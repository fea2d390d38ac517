import type { Value } from './value.ts'

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipe: Pipe }
  | { readonly kind: 'if' | 'with' | 'range'; readonly pipe: Pipe; readonly body: readonly Node[]; readonly otherwise: readonly Node[] }
  | { readonly kind: 'break' | 'continue' }

/** Commands, each of which gets the value of the one before as its last argument. */
export type Pipe = {
  /** Variables that take the value; of `range` first the key, then the element. */
  readonly variables: readonly string[]
  /** `:=` makes new variables, `=` changes. */
  readonly declares: boolean
  readonly commands: readonly Command[]
}

export type Command = { readonly head: Operand; readonly args: readonly Operand[]; readonly position: number }

export type Operand =
  | { readonly kind: 'constant'; readonly value: Value }
  /** `.a.b`: the fields of the dot; `.` alone has none. */
  | { readonly kind: 'dot'; readonly path: readonly string[] }
  | { readonly kind: 'variable'; readonly name: string; readonly path: readonly string[] }
  | { readonly kind: 'call'; readonly name: string }
  | { readonly kind: 'pipe'; readonly pipe: Pipe; readonly path: readonly string[] }
