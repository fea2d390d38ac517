import { isList, isMap, kindOf, TemplateError, type Value } from '../value.ts'

/** As Go's `eq`: only of one kind; nothing equals nothing alone. */
export function equalValues(a: Value, b: Value): boolean {
  if (a === undefined || b === undefined) return a === b
  checkKinds(a, b)
  if (isList(a) || isMap(a)) throw new TemplateError(`${kindOf(a)}s cannot be compared`)
  return a instanceof Date && b instanceof Date ? a.getTime() === b.getTime() : a === b
}

/** Below 0 when `a` comes first. Texts go by their UTF-8 bytes. */
export function compareValues(a: Value, b: Value): number {
  checkKinds(a, b)
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b)
  if ((typeof a === 'bigint' && typeof b === 'bigint') || (typeof a === 'number' && typeof b === 'number'))
    return a < b ? -1 : a > b ? 1 : 0
  throw new TemplateError(`${kindOf(a)}s have no order`)
}

/** UTF-16 order is that of UTF-8 but for surrogates. */
export const compareTexts = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

function checkKinds(a: Value, b: Value): void {
  if (kindOf(a) !== kindOf(b)) throw new TemplateError(`${kindOf(a)} and ${kindOf(b)} cannot be compared`)
}
