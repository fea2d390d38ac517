import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** PEM files that openssl wrote. */
export type PemPair = { readonly cert: string; readonly key: string }

/** An authority in a folder of its own, made by the commands of docs/credentials.md. */
export async function createAuthority(directory: string, name: string) {
  const path = (file: string): string => join(directory, `${name}-${file}`)
  const openssl = (...args: readonly string[]) => run('openssl', [...args], { cwd: directory })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await openssl('req', '-x509', ...newKey, '-keyout', path('ca.key'), '-out', path('ca.pem'), '-days', '365', '-subj', `/CN=${name}`)
  let issued = 0
  return {
    ca: path('ca.pem'),
    /** @param days below 0: it has expired */
    issue: async (subject: string, { days = 30, names = 'DNS:localhost,IP:127.0.0.1' } = {}): Promise<PemPair> => {
      // Several may be made side by side: each has files and a serial number of its own.
      const file = `${subject}-${++issued}`
      const [key, request] = [path(`${file}.key`), path(`${file}.csr`)]
      const [cert, extensions] = [path(`${file}.pem`), path(`${file}.ext`)]
      writeFileSync(extensions, `subjectAltName=${names}\n`)
      await openssl('req', ...newKey, '-keyout', key, '-out', request, '-subj', `/O=clymene/CN=${subject}`)
      const by = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-set_serial', `0x${randomBytes(16).toString('hex')}`]
      await openssl('x509', '-req', '-in', request, ...by, '-out', cert, '-days', String(days), '-extfile', extensions)
      return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
    },
  }
}
