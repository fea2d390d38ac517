import { describe, expect, test } from 'vitest'

import { issue } from '../testing/certificates.ts'
import { createClientCertificate } from './client-certificate.ts'
import { pemFile, pemText } from './client-tls.ts'

const at = (text: string): Date => new Date(`${text}Z`)
const authority = issue('authority')
const own = issue('agent-1', { by: authority, from: at('2026-01-02T00:00:00'), until: at('2026-02-03T04:05:06') })
const cert = pemText(own.cert)
const name = 'the client certificate (CN=agent-1, issued by CN=authority)'

describe('what a peer that hangs up may have against the client certificate', () => {
  test.each([
    ['2026-01-01T00:00:00', `${name} is not valid before 2026-01-02T00:00:00.000Z`],
    ['2026-01-03T00:00:00', `${name}, valid until 2026-02-03T04:05:06.000Z, may not be accepted there`],
    ['2026-03-01T00:00:00', `${name} expired on 2026-02-03T04:05:06.000Z`],
  ])('at %s', (now, expected) => {
    expect(createClientCertificate({ cert }, () => at(now).getTime()).suspect()).toBe(expected)
  })

  test('one that was taken before is no suspect, until it expires or is replaced', () => {
    let now = at('2026-01-03T00:00:00').getTime()
    let shown = cert.read()
    const certificate = createClientCertificate({ cert: { path: '/c', read: () => shown } }, () => now)
    certificate.accepted()
    expect(certificate.suspect()).toBeUndefined()
    shown = Buffer.from(issue('agent-2', { by: authority, from: new Date(0), until: new Date(2 ** 42) }).cert)
    expect(certificate.suspect()).toMatch(/^the client certificate \/c \(CN=agent-2/)
    certificate.accepted()
    now = 2 ** 43
    expect(certificate.suspect()).toMatch(/expired on/)
  })

  test('none is what a peer may mind too', () => {
    const certificate = createClientCertificate({})
    expect(certificate.suspect()).toBe('it may ask for a client certificate, and none is given')
    certificate.accepted()
    expect(certificate.suspect()).toBeUndefined()
  })

  test.each([pemFile('/none'), pemText('x')])('what cannot be read is told by who connects', (unreadable) => {
    const certificate = createClientCertificate({ cert: unreadable })
    certificate.accepted()
    expect(certificate.suspect()).toBeUndefined()
  })
})
