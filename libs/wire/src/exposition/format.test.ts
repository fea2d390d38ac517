import { describe, expect, test } from 'vitest'

import { chooseFormat } from './format.ts'

describe('chooseFormat', () => {
  test.each([
    ['text/plain', 'text'],
    ['text/plain; version=0.0.4; charset=utf-8', 'text'],
    ['Text/Plain;version="1.0.0";', 'text'],
    ['text/plain; version=1; version=1', 'text'],
    ['application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores', 'openmetrics'],
  ])('%s is %s', (contentType, format) => expect(chooseFormat(contentType)).toBe(format))

  test.each([
    [undefined, 'no Content-Type, expected text/plain'],
    ['', 'no Content-Type, expected text/plain'],
    ['text/html', 'Content-Type "text/html", expected text/plain'],
    ['text/plain; version', 'Content-Type "text/plain; version", expected'],
    ['text', 'Content-Type "text", expected'],
    ['text/plain; version=1; version=2', 'Content-Type "text/plain; version=1; version=2", expected'],
    ['application/openmetrics-text; version=2.0.0', 'version=2.0.0", expected'],
    ['application/vnd.google.protobuf', 'Content-Type "application/vnd.google.protobuf", expected'],
  ])('%s is refused, or read as the fallback', (contentType, message) => {
    expect(() => chooseFormat(contentType)).toThrow(message)
    expect(chooseFormat(contentType, 'PrometheusText0.0.4')).toBe('text')
    expect(chooseFormat(contentType, 'OpenMetricsText1.0.0')).toBe('openmetrics')
  })
})
