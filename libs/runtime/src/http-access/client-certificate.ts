import type { ClientTls } from './client-tls.ts'
import { certificatesOf } from './pem.ts'

/**
 * Peers hang up when they do not accept a client certificate or get none; some give no reason, and clients of HTTP do not pass on what
 * the others give. So whoever speaks TLS says what is shown and until when it holds.
 */
export type ClientCertificate = {
  /** The peer has answered: it does not mind the certificate as it is now. */
  readonly accepted: () => void
  /** What a peer that hangs up may have against the certificate, or against none; undefined when it took the same before. */
  readonly suspect: () => string | undefined
}

export function createClientCertificate({ cert }: Pick<ClientTls, 'cert'>, now: () => number = Date.now): ClientCertificate {
  let taken: Buffer | undefined
  const read = (): Buffer | undefined => {
    try {
      return cert === undefined ? NONE : cert.read()
    } catch {
      // Whoever connects next tells it.
      return undefined
    }
  }
  return {
    accepted: () => {
      taken = read()
    },
    suspect: () => {
      const pem = read()
      if (pem === undefined) return undefined
      if (pem === NONE) return pem === taken ? undefined : 'it may ask for a client certificate, and none is given'
      return suspicion(pem, cert?.path ?? '', pem === taken, now())
    },
  }
}

const NONE = Buffer.alloc(0)

function suspicion(pem: Buffer, path: string, isTaken: boolean, now: number): string | undefined {
  try {
    const [own] = certificatesOf(pem.toString('latin1'))
    if (own === undefined) return undefined
    const name = `the client certificate${path === '' ? '' : ` ${path}`} (${oneLine(own.subject)}, issued by ${oneLine(own.issuer)})`
    const [from, until] = [own.validFromDate, own.validToDate]
    if (until.getTime() < now) return `${name} expired on ${until.toISOString()}`
    if (from.getTime() > now) return `${name} is not valid before ${from.toISOString()}`
    return isTaken ? undefined : `${name}, valid until ${until.toISOString()}, may not be accepted there`
  } catch {
    return undefined
  }
}

const oneLine = (name: string): string => name.replaceAll('\n', ', ')
