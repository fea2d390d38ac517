/** The longest beginning of `text` that has at most `maxBytes` in UTF-8; a character that would be cut in two is left out. */
export function cutText(text: string, maxBytes: number): string {
  if (!isLonger(text, maxBytes)) return text
  return new TextDecoder().decode(Buffer.from(text.slice(0, maxBytes)).subarray(0, maxBytes), { stream: true })
}

/** Whether the text has more than `bytes` in UTF-8. A UTF-16 unit has one to three, so most texts need not be counted. */
export function isLonger(text: string, bytes: number): boolean {
  if (text.length > bytes) return true
  return text.length * 3 > bytes && Buffer.byteLength(text) > bytes
}
