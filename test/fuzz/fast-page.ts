import { DecodeError } from '@clymene/model'
import { type ExpositionFormat, parseExemplarLabels, parseExposition, parseSeries } from '@clymene/wire'

import { bitsOf, byBytes, outcomeOf, type ReadPage, type ReadSample } from './reference/read-page.ts'
import { unescape, unescapeHelp } from './reference/texts.ts'

/**
 * What the agent's reader makes of a page.
 *
 * @param knownSeriesEnd as in ExpositionVisitor.
 */
export function readFastPage(body: Buffer, format: ExpositionFormat, knownSeriesEnd?: (at: number) => number): ReadPage {
  return outcomeOf(
    () => read(body, format, knownSeriesEnd),
    (error) => error instanceof DecodeError,
  )
}

function read(body: Buffer, format: ExpositionFormat, knownSeriesEnd: ((at: number) => number) | undefined) {
  const samples: ReadSample[] = []
  const metadata: [string, string, string][] = []
  let type = ''
  let exemplar: ReadSample['exemplar'] | undefined
  parseExposition(body, format, {
    ...(knownSeriesEnd === undefined ? {} : { knownSeriesEnd }),
    exemplar: (start, _end, value, ts) => {
      exemplar = {
        labels: parseExemplarLabels(body, start)?.toSorted(byBytes) ?? 'unusable',
        bits: bitsOf(value),
        ...(ts === undefined ? {} : { ts }),
      }
    },
    sample: (start, end, value, ts) => {
      const labels = [...parseSeries(body, start, end, type)].toSorted(byBytes)
      samples.push({ labels, bits: bitsOf(value), ...(ts === undefined ? {} : { ts }), ...(exemplar === undefined ? {} : { exemplar }) })
      exemplar = undefined
    },
    metadata: (kind, nameStart, nameEnd, textStart, textEnd) => {
      const text = body.toString('utf8', textStart, textEnd)
      if (kind === 'type') type = text
      const shown = kind !== 'help' ? text : format === 'text' ? unescapeHelp(text) : unescape(text)
      metadata.push([kind, body.toString('utf8', nameStart, nameEnd), shown])
    },
  })
  return { samples, metadata }
}
