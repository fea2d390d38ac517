import { resolve } from 'node:path'

import type { ConfigMap } from './config-map.ts'
import { secretFile, secretText, type Secret } from './secret.ts'

/** What stands under `name` or in the file `name_file`; undefined when neither is given. */
export function parseSecret(map: ConfigMap, name: string, directory: string): Secret | undefined {
  const [text, path] = [map.text(name), map.text(`${name}_file`)]
  if (text !== undefined && path !== undefined) map.mistake(`${name}_file`, `excludes ${name}, give one of them`)
  if (path !== undefined) return secretFile(resolve(directory, path))
  return text === undefined ? undefined : secretText(text)
}
