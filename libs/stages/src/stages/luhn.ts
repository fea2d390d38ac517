import { extractedText } from '../entry.ts'
import type { StageKind } from '../stage.ts'

/** Longer runs of digits are no card numbers (ISO/IEC 7812-1, 4.2). */
const MAX_LENGTH = 19

/**
 * Replaces numbers that pass the Luhn check, as card numbers do, by `replacement`. A number has at least `min_length`
 * digits, which characters of `delimiters` may stand between. Works on the extracted value `source`, which becomes the line,
 * or on the line.
 *
 * @see ISO/IEC 7812-1, annex B
 */
export const luhn: StageKind = {
  keys: ['replacement', 'source', 'min_length', 'delimiters'],
  parse: (fields) => {
    const replacement = fields.text('replacement') || '**REDACTED**'
    const source = fields.text('source')
    if (source === '') fields.mistake('.source: must not be empty')
    const minLength = Math.max(fields.count('min_length') || 13, 2)
    if (/\d/.test(fields.text('delimiters') ?? '')) fields.mistake('.delimiters: must not be digits')
    const delimiters = (fields.text('delimiters') ?? '').replaceAll(/[\\\]^-]/g, String.raw`\$&`)
    // Linear: a digit begins it, and each step takes a digit or what is none.
    const number = new RegExp(delimiters === '' ? String.raw`\d+` : String.raw`\d(?:[${delimiters}]*\d)*`, 'g')
    const censored = (text: string): string =>
      text.replaceAll(number, (found) => {
        if (found.length < minLength) return found
        const digits = found.replaceAll(/\D/g, '')
        return digits.length >= minLength && digits.length <= MAX_LENGTH && passesLuhn(digits) ? replacement : found
      })
    return (pass) => ({
      push: (entry) => {
        const text = source === undefined ? entry.line : extractedText(entry.extracted.get(source))
        if (text !== undefined) entry.line = censored(text)
        pass(entry)
      },
    })
  },
}

function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let index = 0; index < digits.length; index++) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 0x30
    const doubled = index % 2 === 0 ? digit : digit * 2
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}
