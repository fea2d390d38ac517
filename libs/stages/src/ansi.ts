/**
 * Takes terminal sequences out of a text: colours and other control sequences (`ESC [ … m`), links and titles
 * (`ESC ] … BEL`), and two-character escapes. One that is not finished stays. Takes time linear in the text.
 *
 * @see ECMA-48, 5.3 to 5.6
 */
export function stripAnsi(text: string): string {
  if (!INTRODUCER.test(text)) return text
  let out = ''
  let kept = 0
  let noTerminator = false
  for (let position = nextIntroducer(text, 0); position !== -1;) {
    const isString = text.charCodeAt(position) === ESC && STRINGS.has(text.charAt(position + 1))
    const end = isString ? (noTerminator ? -1 : endOfString(text, position + 2)) : endOfSequence(text, position)
    if (isString && end === -1) noTerminator = true
    if (end !== -1) {
      out += text.slice(kept, position)
      kept = end
    }
    position = nextIntroducer(text, end === -1 ? position + 1 : end)
  }
  return out + text.slice(kept)
}

const ESC = 0x1b
const CSI = 0x9b
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const INTRODUCER = /[\u001b\u009b]/
/** DCS, SOS, OSC, PM and APC: text up to a terminator. */
const STRINGS: ReadonlySet<string> = new Set(['P', 'X', ']', '^', '_'])

function nextIntroducer(text: string, from: number): number {
  for (let position = from; position < text.length; position++) {
    const code = text.charCodeAt(position)
    if (code === ESC || code === CSI) return position
  }
  return -1
}

/** Where a sequence ends that is no string; -1 when it is none. */
function endOfSequence(text: string, start: number): number {
  const isCsi = text.charCodeAt(start) === CSI || text.charAt(start + 1) === '['
  let position = text.charCodeAt(start) === CSI ? start + 1 : start + (isCsi ? 2 : 1)
  if (isCsi) while (within(text, position, 0x30, 0x3f)) position++
  while (within(text, position, 0x20, 0x2f)) position++
  return within(text, position, isCsi ? 0x40 : 0x30, 0x7e) ? position + 1 : -1
}

/** Behind the BEL or the `ESC \` that ends it; -1 when there is none. */
function endOfString(text: string, start: number): number {
  for (let position = start; position < text.length; position++) {
    const code = text.charCodeAt(position)
    if (code === 0x07 || code === 0x9c) return position + 1
    if (code === ESC && text.charAt(position + 1) === '\\') return position + 2
  }
  return -1
}

function within(text: string, position: number, least: number, most: number): boolean {
  const code = text.charCodeAt(position)
  return code >= least && code <= most
}
