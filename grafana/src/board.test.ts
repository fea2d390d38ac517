import { expect, test } from 'vitest'

import { linkTo } from './board.ts'

test.each([
  [{}, undefined, '/d/there?${datasource:queryparam}&${loki_datasource:queryparam}&${cluster:queryparam}&${__url_time_range}'],
  [
    { cluster: '${__data.fields.cluster}', pod: 'p' },
    undefined,
    '/d/there?${datasource:queryparam}&${loki_datasource:queryparam}&var-cluster=${__data.fields.cluster}&var-pod=p&${__url_time_range}',
  ],
  [{}, 'from=1&to=2', '/d/there?${datasource:queryparam}&${loki_datasource:queryparam}&${cluster:queryparam}&from=1&to=2'],
])('a link with %o and time %s', (chosen, time, expected) => {
  expect(linkTo('there', chosen, time)).toBe(expected)
})
