import { expect, test } from 'vitest'

import { acceptHeader, DEFAULT_SCRAPE_PROTOCOLS, formatOf, SCRAPE_PROTOCOLS } from './scrape-protocol.ts'

test('asks for the protocols in their order, as Prometheus 3.15 does, and last for anything', () => {
  expect(acceptHeader(DEFAULT_SCRAPE_PROTOCOLS)).toBe(
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,' +
      'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
  )
  expect(acceptHeader(['PrometheusText0.0.4'])).toBe('text/plain;version=0.0.4;q=0.6,*/*;q=0.5')
})

test('says how names are to be escaped where the protocol knows of it', () => {
  expect(acceptHeader(['OpenMetricsText0.0.1', 'PrometheusText1.0.0'], 'underscores')).toBe(
    'application/openmetrics-text;version=0.0.1;q=0.6,text/plain;version=1.0.0;escaping=underscores;q=0.5,*/*;q=0.4',
  )
})

test('every protocol is read as one of two formats', () => {
  expect(SCRAPE_PROTOCOLS.map(formatOf)).toEqual(['text', 'text', 'openmetrics', 'openmetrics'])
})
