import { NO_ACCESS } from '@clymene/runtime'
import { EXPOSITION_ACCEPT } from '@clymene/wire'

import type { PageRequest } from './page-request.ts'

/** Only for tests: a request as a job makes it that says nothing more, for a small page. */
export const pageRequest = (of: Pick<PageRequest, 'dispatcher' | 'url'> & Partial<PageRequest>): PageRequest => ({
  timeoutMs: 10_000,
  maxBytes: 10_000,
  userAgent: 'Clymene/1.2.3',
  accept: EXPOSITION_ACCEPT,
  enableCompression: true,
  http: { followRedirects: true, access: NO_ACCESS },
  ...of,
})
