import { runTemplate, type TemplateFields } from './evaluate.ts'
import { TEMPLATE_FUNCTIONS } from './functions.ts'
import { parseTemplate } from './parser.ts'
import { TemplateError } from './value.ts'

/**
 * A compiled template. Gives undefined when it does not work out for these fields: a function refused a value, or a limit
 * was passed.
 *
 * @param limit longest text, in UTF-16 units.
 */
export type GoTemplate = (fields: TemplateFields, limit: number) => string | undefined

/**
 * Compiles a template of Go's text/template with the functions of {@link TEMPLATE_FUNCTIONS}.
 *
 * @throws TemplateSyntaxError, also for a function that is not offered.
 */
export function compileGoTemplate(template: string): GoTemplate {
  const nodes = parseTemplate(template, checkFunction)
  const [only] = nodes
  if (nodes.length === 0) return () => ''
  if (nodes.length === 1 && only?.kind === 'text') return (_, limit) => (only.text.length > limit ? undefined : only.text)
  return (fields, limit) => {
    try {
      return runTemplate(nodes, fields, TEMPLATE_FUNCTIONS, limit).toWellFormed()
    } catch (error) {
      // A RangeError: values nested deeper than the stack holds.
      if (error instanceof TemplateError || error instanceof RangeError) return undefined
      throw error
    }
  }
}

/** Functions of sprig that read the machine or make something new at each call: not for lines. */
const REFUSED: ReadonlySet<string> = new Set([
  'env',
  'expandenv',
  'getHostByName',
  'genPrivateKey',
  'genCA',
  'genSelfSignedCert',
  'genSignedCert',
  'htpasswd',
  'bcrypt',
  'derivePassword',
  'encryptAES',
  'decryptAES',
])

function checkFunction(name: string): void {
  if (TEMPLATE_FUNCTIONS.has(name)) return
  throw new Error(
    REFUSED.has(name)
      ? `function ${name} is not offered: a template makes texts of the values of a line, and of nothing else`
      : `unknown function ${name} (known: ${[...TEMPLATE_FUNCTIONS.keys()].toSorted().join(', ')})`,
  )
}
