import { expect, test } from 'vitest'

import { levelOf, type LineLevel } from './level.ts'

test.each<readonly [line: string, level: LineLevel]>([
  ['all is well', ''],
  ['ERROR: disk full', 'error'],
  ['java.lang.Exception: x', 'error'],
  ['kernel panic', 'error'],
  ['Warning: deprecated', 'warning'],
  ['{"level":"warn","error":"connection refused"}', 'warning'],
  ['{"level":"info","msg":"0 errors, no panic"}', ''],
  ['{"level": "ERROR"}', 'error'],
  ['level=info msg="an error was mended"', ''],
  ['ts=1 level="error" msg=x', 'error'],
  ['terrors and warnings', ''],
])('%s', (line, level) => {
  expect(levelOf(line)).toBe(level)
})
