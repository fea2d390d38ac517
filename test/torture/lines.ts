import { formatRfc3339 } from '@clymene/wire'

/** How the lines of a seed stand in their files, and what has to become of them. */
export const FORMATS = ['plain', 'cri', 'cri-partial', 'json', 'multiline'] as const
export type Format = (typeof FORMATS)[number]

/** One numbered line. `lane` is the file and, where it has two, the stream: numbers rise by one within it. */
export type LineName = { readonly lane: string; readonly number: number }

/** Lines that are this long now and then: several of them do not fit in what is read at once. */
const LONG_BYTES = 30_000
const LONG_EVERY = 499

/** What is collected of the line: its name, and a filling of some length that goes by the name, so that a line that was cut or mixed up is seen. */
export function textOf(format: Format, { lane, number }: LineName): string {
  const length = number % LONG_EVERY === 0 ? LONG_BYTES : (number * 7919) % 180
  const first = `#${lane} ${number} ${'µ-abcdefghij'.repeat(Math.ceil(length / 12)).slice(0, length)};`
  if (format !== 'multiline') return first
  return [first, ...Array.from({ length: number % 4 }, (_, index) => `  at ${number}.${index}`)].join('\n')
}

/** As the file has it, the last line feed included. */
export function rawOf(format: Format, name: LineName, timestampNs: bigint): string {
  return piecesOf(format, name, timestampNs).join('')
}

/** The pieces that a container runtime writes one after the other; a rotation may come between them. */
export function piecesOf(format: Format, name: LineName, timestampNs: bigint): readonly string[] {
  const text = textOf(format, name)
  const time = formatRfc3339(timestampNs)
  switch (format) {
    case 'plain':
    case 'multiline':
      return [`${text}\n`]
    case 'json':
      return [`${JSON.stringify({ time, level: 'info', message: text })}\n`]
    case 'cri':
      return [`${time} ${streamOf(name)} F ${text}\n`]
    case 'cri-partial':
      break
  }
  // Cut where no character is torn: by characters, not by bytes.
  const size = Math.max(1, Math.ceil(text.length / ((name.number % 3) + 1)))
  const parts = Array.from({ length: Math.ceil(text.length / size) }, (_, index) => text.slice(index * size, (index + 1) * size))
  return parts.map((part, index) => `${time} ${streamOf(name)} ${index === parts.length - 1 ? 'F' : 'P'} ${part}\n`)
}

/** The line that a text is; undefined when nobody wrote such a text. */
export function nameOf(format: Format, text: string): LineName | undefined {
  const [, lane = '', digits = ''] = /^#(\S+) (\d+) /.exec(text) ?? []
  const name = { lane, number: Number(digits) }
  return lane !== '' && textOf(format, name) === text ? name : undefined
}

/** Lanes of a file: the container formats have two streams. */
export const lanesOf = (format: Format, file: number): readonly string[] =>
  format === 'cri' || format === 'cri-partial' ? [`${file}o`, `${file}e`] : [`${file}`]

const streamOf = ({ lane }: LineName): string => (lane.endsWith('e') ? 'stderr' : 'stdout')

/** The stages of a job that make the text of what stands in the file. */
export const stagesOf = (format: Format): string =>
  ({
    plain: '[]',
    cri: '[{cri: {}}]',
    'cri-partial': '[{cri: {}}]',
    json: '[{json: {expressions: {time: time, message: message}}}, {timestamp: {source: time, format: RFC3339Nano}}, {output: {source: message}}]',
    multiline: "[{multiline: {firstline: '^#'}}]",
  })[format]

/** Whether a line has a time of its own: read again it is the same entry, which a store takes for the one that it has. */
export const hasOwnTime = (format: Format): boolean => format !== 'plain' && format !== 'multiline'
