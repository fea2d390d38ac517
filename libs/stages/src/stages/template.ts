import { errorMessage } from '@clymene/model'

import { extractedText } from '../entry.ts'
import { compileGoTemplate } from '../go-template/template.ts'
import type { StageKind } from '../stage.ts'
import { templateFields } from '../template-fields.ts'

/**
 * Makes the extracted value `source` of a template of Go's text/template: `.Value` is what it was, `.Entry` the line, `.name`
 * any other extracted value. An empty result takes the value away; a template that does not work out for the values, or
 * whose result is longer than a line may be, leaves it.
 */
export const template: StageKind = {
  keys: ['source', 'template'],
  parse: (fields) => {
    const source = fields.text('source') ?? ''
    if (source === '') fields.mistake('.source: expected the name of an extracted value')
    let compiled: ReturnType<typeof compileGoTemplate> = () => undefined
    try {
      compiled = compileGoTemplate(fields.text('template') ?? '')
    } catch (error) {
      fields.mistake(`.template: ${errorMessage(error)}`)
    }
    return (pass, context) => ({
      push: (entry) => {
        const given = { Value: extractedText(entry.extracted.get(source)), Entry: entry.line }
        const text = compiled(templateFields(entry, given), context.maxLineBytes)
        if (text === '') entry.extracted.delete(source)
        else if (text !== undefined) entry.extracted.set(source, text)
        pass(entry)
      },
    })
  },
}
