/** Upper case as Go has it: letter by letter, so that `ß` and `ﬁ`, which are two letters in upper case, stay. */
export const upperCase = (text: string): string => byLetter(text, text.toUpperCase(), upperLetter)

/** Lower case as Go has it: a `Σ` at the end of a word is a `σ` too. */
export const lowerCase = (text: string): string => byLetter(text, text.toLowerCase(), lowerLetter)

function byLetter(text: string, whole: string, letter: (one: string) => string): string {
  return ASCII.test(text) ? whole : Array.from(text, letter).join('')
}

// oxlint-disable-next-line no-control-regex -- all of ASCII
const ASCII = /^[\0-\x7f]*$/

function upperLetter(letter: string): string {
  const upper = letter.toUpperCase()
  if (isOne(upper)) return upper
  // Greek letters with an iota below have a capital 8, 9 or 12 places on; JavaScript writes the iota beside it.
  const code = letter.codePointAt(0) ?? 0
  return [8, 9, 12].map((step) => String.fromCodePoint(code + step)).find((capital) => capital.toLowerCase() === letter) ?? letter
}

/** Only `İ` is two letters in lower case. */
const lowerLetter = (letter: string): string => {
  const lower = letter.toLowerCase()
  return isOne(lower) ? lower : 'i'
}

const isOne = (text: string): boolean => text.length === 1 || (text.length === 2 && (text.codePointAt(0) ?? 0) > 0xff_ff)
