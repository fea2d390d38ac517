import { flag } from '@clymene/runtime'

import { MIN_BYTES } from './store.ts'

export const embeddedFlags = {
  'embedded.dir': flag.string('./clymene-data/store', 'Directory of the embedded store; one process may use it'),
  'embedded.max-bytes': flag.bytes(
    '384MiB',
    `Size of the embedded store on disk, at least ${MIN_BYTES / 1024 ** 2}MiB; the oldest records are deleted`,
  ),
  'embedded.max-age': flag.duration('24h', 'Age at which the embedded store deletes records'),
  'embedded.max-series': flag.int(50_000, 'Series that the embedded store takes; further ones are refused', { min: 1 }),
  'embedded.max-streams': flag.int(10_000, 'Log streams that the embedded store takes; further ones are refused', { min: 1 }),
}
