import { expect, test } from 'vitest'

import { shiftedThresholds } from './shifted-thresholds.ts'

test('each number is shifted both ways, and nothing that only looks like one', () => {
  const expr = 'sum:rate5m{le="60"} > 1.5 * (node_load5 offset 15m) and rate(x[5m]) > 0 or y == 10'
  expect(shiftedThresholds({ alert: 'A', expr }).map((one) => one.expr)).toEqual([
    expr.replace('1.5', '1.8'),
    expr.replace('1.5', '1.2'),
    expr.replace('== 10', '== 12'),
    expr.replace('== 10', '== 8'),
  ])
})
