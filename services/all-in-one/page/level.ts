export type LineLevel = 'error' | 'warning' | ''

/** `"level":"warn"` of JSON, `level=warn` of logfmt: what the line says of itself. */
const OWN_LEVEL = /(?:"level"\s*:\s*"|\blevel=["']?)([a-z]+)/i

/** How bad a line is: by the level that it gives, else by the words in it. */
export function levelOf(line: string): LineLevel {
  const own = OWN_LEVEL.exec(line)?.[1]
  const text = own ?? line
  if (/\b(error|err|fatal|panic|dpanic|critical|exception)\b/i.test(text)) return 'error'
  return /\bwarn(ing)?\b/i.test(text) ? 'warning' : ''
}
