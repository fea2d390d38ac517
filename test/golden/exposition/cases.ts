import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { ExpositionFormat } from '@clymene/wire'

/**
 * Pages by what they try, in the kinds that the OpenMetrics test suite sorts its mistakes into; the pages are our own. One character
 * a byte. Each is read in both formats; in OpenMetrics `# EOF` is put behind it, except for the kind that is about it.
 */
type Cases = { readonly pages: Readonly<Record<string, readonly string[]>>; readonly contentTypes: readonly string[] }

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the file stands beside this one
const { pages, contentTypes } = JSON.parse(readFileSync(join(import.meta.dirname, 'cases.json'), 'utf8')) as Cases

export type GoldenPage = { readonly kind: string; readonly format: ExpositionFormat; readonly page: Buffer }

/** Every page in both formats, then the Content-Type headers: in the order of answers.json. */
export const PAGES: readonly GoldenPage[] = Object.entries(pages).flatMap(([kind, texts]) =>
  texts.flatMap((text): GoldenPage[] => [
    { kind, format: 'text', page: Buffer.from(text, 'latin1') },
    { kind, format: 'openmetrics', page: Buffer.from(kind === 'end of page' ? text : `${text}# EOF\n`, 'latin1') },
  ]),
)

export const CONTENT_TYPES: readonly Buffer[] = contentTypes.map((text) => Buffer.from(text, 'latin1'))
