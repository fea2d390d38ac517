import type { EnvelopeHeaders } from '@clymene/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { fromHeaders, toHeaders } from './envelope-headers.ts'

const read = (headers: Record<string, string>, trustScanned = true): EnvelopeHeaders =>
  fromHeaders((name) => (Object.hasOwn(headers, name) ? headers[name] : undefined), { trustScanned })

const ALL: EnvelopeHeaders = {
  contentType: 'application/x-protobuf',
  tenant: 'shop',
  cluster: 'c1',
  agent: 'a-1',
  epoch: 1_660_000_000_123,
  sequence: 0,
  records: 2000,
  position: 1200,
  newestMs: 1_660_000_001_000,
  scanned: true,
}

describe('envelope headers', () => {
  test('every field has its name', () => {
    expect(toHeaders(ALL)).toEqual({
      'content-type': 'application/x-protobuf',
      'clymene-tenant': 'shop',
      'clymene-cluster': 'c1',
      'clymene-agent': 'a-1',
      'clymene-epoch': '1660000000123',
      'clymene-sequence': '0',
      'clymene-records': '2000',
      'clymene-position': '1200',
      'clymene-newest': '1660000001000',
      'clymene-scanned': '1',
    })
    expect(read(toHeaders(ALL))).toEqual(ALL)
  })

  test('nothing is nothing', () => {
    expect(toHeaders({})).toEqual({})
    expect(toHeaders({ scanned: false })).toEqual({})
    expect(read({})).toEqual({})
  })

  test('the mark of a scanned block is never taken from outside', () => {
    const { scanned: _, ...untrusted } = ALL
    expect(read(toHeaders(ALL), false)).toEqual(untrusted)
  })

  test.each([
    { text: 'Köln/東', header: 'K%C3%B6ln/%E6%9D%B1' },
    { text: '100% a b', header: '100%25%20a%20b' },
    { text: 'line\r\nInjected: x', header: 'line%0D%0AInjected:%20x' },
  ])('$text travels as visible ASCII', ({ text, header }) => {
    expect(toHeaders({ cluster: text })).toEqual({ 'clymene-cluster': header })
    expect(read({ 'clymene-cluster': header })).toEqual({ cluster: text })
  })

  test('any text arrives, cut at 256 characters between two of its own', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }), (text) => {
        const header = toHeaders({ tenant: text })['clymene-tenant'] ?? ''
        expect(header).toMatch(/^[!-~]{1,256}$/)
        const back = read({ 'clymene-tenant': header }).tenant ?? ''
        expect(text.startsWith(back)).toBe(true)
        expect(header.length > 244 || back === text).toBe(true)
      }),
    )
    expect(toHeaders({ tenant: 'ü'.repeat(100) })).toEqual({ 'clymene-tenant': '%C3%BC'.repeat(42) })
  })

  test.each([
    { 'clymene-sequence': 'x' },
    { 'clymene-sequence': '-1' },
    { 'clymene-sequence': '1.5' },
    { 'clymene-sequence': '' },
    { 'clymene-epoch': '9007199254740993' },
    { 'clymene-epoch': '99999999999999999999' },
    { 'clymene-records': '1e3' },
    { 'clymene-tenant': '' },
    { 'clymene-tenant': 'x'.repeat(257) },
    { 'clymene-cluster': '%' },
    { 'clymene-agent': '%ff' },
    { 'clymene-scanned': 'true' },
  ])('%j is as if it were not there', (headers) => {
    expect(read(headers)).toEqual({})
  })
})
