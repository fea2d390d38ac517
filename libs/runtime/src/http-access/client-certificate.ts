import type { ClientTls } from './client-tls.ts'
import { certificatesOf } from './pem.ts'

/**
 * Peers like those of Node hang up without a reason when they do not accept a client certificate. So whoever shows one says which it
 * is and until when it holds.
 */
export type ClientCertificate = {
  /** The peer has answered: it does not mind the certificate as it is now. */
  readonly accepted: () => void
  /** What a peer that hangs up may have against the certificate; undefined when it took the same before, or none is shown. */
  readonly suspect: () => string | undefined
}

export function createClientCertificate({ cert }: ClientTls, now: () => number = Date.now): ClientCertificate | undefined {
  if (cert === undefined) return undefined
  let taken: Buffer | undefined
  const read = (): Buffer | undefined => {
    try {
      return cert.read()
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
      return pem === undefined ? undefined : suspicion(pem, cert.path, pem === taken, now())
    },
  }
}

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
