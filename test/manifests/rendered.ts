import { parse } from 'yaml'

import type { Manifest } from './manifest-files.ts'
import type { KubernetesObject } from './objects.ts'

/** Documents of several renderings; what two of them have alike stands once, under the first one's name. */
export type Documents = ReadonlyMap<string, string>

/** `---` at the start of a line stands between documents only: what a ConfigMap holds is indented. */
export function documentsOf(renderings: ReadonlyMap<string, string>): Documents {
  const found = new Map<string, string>()
  for (const [name, text] of renderings)
    for (const document of text.split(/^---$.*\n/m)) if (/^kind: /m.test(document) && !found.has(document)) found.set(document, name)
  return found
}

/** In the order of the documents. */
export const manifestsOf = (documents: Documents): readonly Manifest[] =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the API server checks the shape of every field
  [...documents].map(([text, file]) => ({ file, object: parse(text) as KubernetesObject }))
