/** Finds a value in what JSON.parse gave; undefined when it is not there. */
export type JsonPath = (value: unknown) => unknown

/**
 * The part of JMESPath that log pipelines use: `a`, `a.b`, `"quoted key".b`, `list[0]`, `list[-1]`, `@`.
 *
 * @throws Error naming the place and what is not supported.
 * @see https://jmespath.org/specification.html
 */
export function parseJsonPath(expression: string): JsonPath {
  const steps: JsonPath[] = []
  let position = 0
  while (position < expression.length || steps.length === 0) {
    STEP.lastIndex = position
    const match = STEP.exec(expression)
    const step = match?.groups
    const atStart = position === 0
    const dotted = step?.['dot'] !== undefined
    const isIndex = step?.['index'] !== undefined
    // A key follows a dot, unless it is the first; an index never does.
    if (match === null || step === undefined || dotted === (atStart || isIndex)) {
      throw new Error(
        `${JSON.stringify(expression)} at position ${position}: expected a key, a "quoted key" or an index [0], joined by dots; the rest of JMESPath is not supported`,
      )
    }
    steps.push(toStep(step))
    position = STEP.lastIndex
  }
  return (value) => steps.reduce((current, step) => step(current), value)
}

const STEP = /(?<dot>\.)?(?:(?<name>[A-Za-z_][A-Za-z0-9_]*)|(?<quoted>"(?:[^"\\]|\\.)+")|\[(?<index>-?\d+)\]|(?<self>@))/y

function toStep({ name, quoted, index }: Readonly<Record<string, string | undefined>>): JsonPath {
  if (index !== undefined) return (value) => (Array.isArray(value) ? (value.at(Number(index)) as unknown) : undefined)
  const key = quoted === undefined ? name : String(JSON.parse(quoted))
  if (key === undefined) return (value) => value
  return (value) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined)
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
