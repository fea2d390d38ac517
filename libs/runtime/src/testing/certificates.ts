import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'

/** A certificate with its key, PEM both, and what signs others by it. */
export type Issued = { readonly cert: string; readonly key: string; readonly name: string; readonly privateKey: KeyObject }

export type IssueOptions = {
  /** Signs it; undefined: an authority that signs itself. */
  readonly by?: Issued
  readonly dnsNames?: readonly string[]
  /** IPv4. */
  readonly addresses?: readonly string[]
  readonly from?: Date
  readonly until?: Date
}

const DAY_MS = 86_400_000

/** Makes a certificate as RFC 5280 §4.1 lays it out, in DER (X.690): every value is a tag, its length and its content. */
export function issue(name: string, options: IssueOptions = {}): Issued {
  const { by, dnsNames = [], addresses = [], from = new Date(Date.now() - DAY_MS), until = new Date(Date.now() + DAY_MS) } = options
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const toBeSigned = sequence(
    tagged(0xa0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    commonName(by?.name ?? name),
    sequence(time(from), time(until)),
    commonName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...(by === undefined ? [IS_AUTHORITY] : namesExtension(dnsNames, addresses)))),
  )
  const signature = sign('sha256', toBeSigned, by?.privateKey ?? privateKey)
  const certificate = sequence(toBeSigned, ECDSA_WITH_SHA256, bitString(signature))
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${(certificate.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    name,
    privateKey,
  }
}

function tagged(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content)
  const { length } = body
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...size), body])
}

const sequence = (...content: readonly Uint8Array[]): Buffer => tagged(0x30, ...content)
const integer = (bytes: Uint8Array): Buffer => tagged(0x02, bytes)
const octets = (bytes: Uint8Array): Buffer => tagged(0x04, bytes)
const bitString = (bytes: Uint8Array): Buffer => tagged(0x03, Buffer.of(0), bytes)
const identifier = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, 'hex'))
const commonName = (text: string): Buffer => sequence(tagged(0x31, sequence(identifier('550403'), tagged(0x0c, Buffer.from(text)))))
/** GeneralizedTime, which the years from 2050 on need and the others may have. */
const time = (at: Date): Buffer => tagged(0x18, Buffer.from(at.toISOString().replaceAll(/[-:T]|\.\d+/g, '')))
const ECDSA_WITH_SHA256 = sequence(identifier('2a8648ce3d040302'))
/** basicConstraints, critical, cA. */
const IS_AUTHORITY = sequence(identifier('551d13'), tagged(0x01, Buffer.of(0xff)), octets(sequence(tagged(0x01, Buffer.of(0xff)))))

/** subjectAltName. */
function namesExtension(dnsNames: readonly string[], addresses: readonly string[]): readonly Buffer[] {
  const names = [
    ...dnsNames.map((name) => tagged(0x82, Buffer.from(name))),
    ...addresses.map((address) => tagged(0x87, Buffer.from(address.split('.').map(Number)))),
  ]
  return names.length === 0 ? [BASIC] : [BASIC, sequence(identifier('551d11'), octets(sequence(...names)))]
}

/** basicConstraints of one who signs nobody. */
const BASIC = sequence(identifier('551d13'), octets(sequence()))
