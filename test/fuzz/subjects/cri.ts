import { createCriReader, type CriLine } from '@clymene/stages'

import type { Random } from '../../chaos/random.ts'
import { mutate } from '../mutate.ts'
import { difference, type Subject } from '../subject.ts'

const WORDS = [
  'Z',
  '+00:00',
  '-07:30',
  '.5',
  '.123456789',
  '.1234567891',
  ' stdout ',
  ' stderr ',
  ' F ',
  ' P ',
  'P:x',
  ':',
  ' ',
  '\n',
  '2026-02-29',
  '24:00:00',
  '23:59:60',
]
const LINE = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d)) (stdout|stderr) ([^ ]+) /

/** Lines of container logs one after the other, as one reader sees them, against a regular expression. */
export const criSubject: Subject = {
  name: 'cri',
  make: (random) => mutate(Buffer.from(Array.from({ length: random.between(1, 4) }, () => makeLine(random)).join('\n')), random, WORDS),
  problem: (input) => {
    const line: CriLine = { seconds: 0, nanos: 0, stream: 'stdout', partial: false, content: 0 }
    const read = createCriReader(line)
    let start = 0
    for (const text of input.toString('latin1').split('\n')) {
      const end = start + text.length
      const fast = read(input, start, end) ? { ...line, content: line.content - start } : 'no such line'
      const wrong = difference({ fast, plain: readPlainly(text) ?? 'no such line' })
      if (wrong !== undefined) return `${JSON.stringify(text)}\n${wrong}`
      start = end + 1
    }
    return undefined
  },
}

function readPlainly(text: string): CriLine | undefined {
  const found = LINE.exec(text)
  if (found === null) return undefined
  const [whole, ...parts] = found
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(0, 6).map(Number)
  const [fraction = '', sign, zoneHours = '0', zoneMinutes = '0', stream, tags = ''] = parts.slice(6)
  const ms = Date.UTC(2000, month - 1, day, hour, minute, second)
  const date = new Date(ms)
  date.setUTCFullYear(year, month - 1, day)
  const inRange = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60
  if (!inRange || Number(zoneHours) > 24 || Number(zoneMinutes) > 59) return undefined
  const zone = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60
  return {
    seconds: date.getTime() / 1000 - (sign === '-' ? -zone : zone),
    nanos: Number(fraction.slice(0, 9).padEnd(9, '0')),
    stream: stream === 'stderr' ? 'stderr' : 'stdout',
    partial: tags === 'P' || tags.startsWith('P:'),
    content: whole.length,
  }
}

function makeLine(random: Random): string {
  const time = random.pick(['2026-11-21T13:00:00', '2024-02-29T23:59:59', '1969-12-31T00:00:00', '2026-11-21T13:00:01'])
  const zone = random.pick(['Z', '+00:00', '-07:30', '+14:00'])
  return `${time}${random.pick(['', '.1', '.123456789'])}${zone} ${random.pick(['stdout', 'stderr'])} ${random.pick(['F', 'P', 'F:x', 'P:a:b'])} ${random.pick(['', 'text', 'a b'])}`
}
