import { readFileSync } from 'node:fs'

import { ConfigError, errorMessage } from '@clymene/model'

export type ServerTls = { readonly cert: Buffer; readonly key: Buffer; readonly clientCa: Buffer | undefined }

/** Reads the PEM files of `--<prefix>.{cert,key,client-ca}`. @throws ConfigError naming every flag whose file cannot be read. */
export function readServerTls(
  prefix: string,
  files: { readonly cert: string; readonly key: string; readonly clientCa: string },
): ServerTls {
  const mistakes: string[] = []
  const read = (flagName: string, path: string): Buffer => {
    try {
      if (path === '') throw new Error('expected the path of a PEM file')
      return readFileSync(path)
    } catch (error) {
      mistakes.push(`--${prefix}.${flagName}=${JSON.stringify(path)}: ${errorMessage(error)}`)
      return Buffer.alloc(0)
    }
  }
  const tls = {
    cert: read('cert', files.cert),
    key: read('key', files.key),
    clientCa: files.clientCa === '' ? undefined : read('client-ca', files.clientCa),
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return tls
}
