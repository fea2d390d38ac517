/** Markup that may be sent as it is. */
export type Html = { readonly html: string }

type Part = Html | string | number | undefined | readonly Html[]

/** Markup from a template: whatever is put in is escaped, except markup. What came from outside can neither end a text nor an attribute in quotes. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let text = strings[0] ?? ''
  for (const [index, part] of parts.entries()) text += markupOf(part) + (strings[index + 1] ?? '')
  return { html: text }
}

export const NOTHING: Html = { html: '' }

function markupOf(part: Part): string {
  if (part === undefined) return ''
  if (typeof part === 'string') return escapeHtml(part)
  if (typeof part === 'number') return String(part)
  return 'html' in part ? part.html : part.map((one) => one.html).join('')
}

const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? character)

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
