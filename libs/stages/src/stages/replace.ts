import { errorMessage } from '@clymene/model'
import type { Match } from '@clymene/regex'

import type { PipelineEntry } from '../entry.ts'
import { compileGoTemplate, type GoTemplate } from '../go-template/template.ts'
import { readRegex } from '../read-options.ts'
import { readSource } from '../source.ts'
import type { StageKind } from '../stage.ts'
import { templateFields } from '../template-fields.ts'

/**
 * Replaces what the groups of `expression` match, everywhere in the text, with the template `replace`, in which `.Value` is
 * the text of the group. A group inside of another is part of the outer one. Named groups of the first match are extracted,
 * as they read then. Without `source` the line is changed, else the extracted value.
 */
export const replace: StageKind = {
  keys: ['expression', 'source', 'replace'],
  parse: (fields) => {
    const expression = readRegex(fields, 'expression')
    if ((fields.text('expression') ?? '') === '') fields.mistake('.expression: expected a regular expression')
    const sourceName = fields.text('source')
    const source = readSource(fields)
    const template = readTemplate(fields.text('replace') ?? '', (reason) => fields.mistake(`.replace: ${reason}`))
    return (pass, context) => ({
      push: (entry) => {
        const text = source(entry)
        const matches = text === undefined ? [] : (expression?.matchAll(text) ?? [])
        const result =
          text === undefined || matches.length === 0 ? undefined : replaceGroups(text, matches, entry, template, context.maxLineBytes)
        if (result === undefined) return pass(entry)
        if (sourceName === undefined) entry.line = result.text
        else entry.extracted.set(sourceName, result.text)
        for (const [name, value] of result.groups) entry.extracted.set(name, value)
        pass(entry)
      },
    })
  },
}

function readTemplate(text: string, mistake: (reason: string) => void): GoTemplate {
  try {
    return compileGoTemplate(text)
  } catch (error) {
    mistake(errorMessage(error))
    return () => undefined
  }
}

type Replaced = { readonly text: string; readonly groups: ReadonlyMap<string, string> }

/** Undefined when the template refuses a value, or the text grows past `limit`. */
function replaceGroups(
  text: string,
  matches: readonly Match[],
  entry: PipelineEntry,
  template: GoTemplate,
  limit: number,
): Replaced | undefined {
  const groups = new Map<string, string>()
  let out = ''
  let end = 0
  for (const [order, match] of matches.entries()) {
    const outputs: (string | undefined)[] = []
    for (let group = 1; group < match.groups.length; group++) {
      const [start = -1, stop = -1] = match.spans.slice(group * 2)
      if (start === -1) continue
      const value = template(templateFields(entry, { Value: match.groups[group] ?? '' }), limit)
      if (value === undefined) return undefined
      outputs[group] = value
      if (start < end) continue
      out += text.slice(end, start) + value
      if (out.length > limit) return undefined
      end = stop
    }
    if (order > 0) continue
    for (const [name, group] of match.names) if (outputs[group] !== undefined) groups.set(name, outputs[group])
  }
  return { text: out + text.slice(end), groups }
}
