import { IMAGE_SERVICES, imageName } from '../image-files.ts'
import { imageReference } from './commands.ts'
import type { ImageOptions } from './options.ts'

/** Where the manifests take registry and tag from. */
export const KUSTOMIZATION = 'k8s/components/images/kustomization.yaml'

type Place = Pick<ImageOptions, 'registry' | 'tag'>

/** The lines of it, for all images: those that were not built now have the same tag. */
export const imageLines = (place: Place): readonly string[] =>
  IMAGE_SERVICES.map((service) => {
    const reference = imageReference(place, service)
    const newName = reference.slice(0, reference.lastIndexOf(':'))
    // To YAML 1.1, which kustomize reads, `17`, `1_0`, `1e3` and `y` are no text; `0.1.0` and `v1.0` are.
    const isText = /^(?:v\d|\d+\.\d+\.\d)/.test(place.tag)
    return `  - { name: ${imageName(service)}, newName: ${quoted(newName)}, newTag: ${isText ? place.tag : `'${place.tag}'`} }`
  })

/** `registry:5000/clymene` holds a colon: harmless in a block, and in braces without a blank behind it. */
const quoted = (name: string): string => (/^[\w./-]+(?::\d+[\w./-]*)?$/.test(name) ? name : JSON.stringify(name))

/**
 * The text with registry and tag of each image replaced; all else stays.
 *
 * @throws Error when an image of ours has no line there
 */
export function withImages(text: string, place: Place): string {
  const wanted = new Map(imageLines(place).map((line) => [/name: ([^,]+),/.exec(line)?.[1] ?? '', line]))
  const written = text.split('\n').map((line) => {
    const name = /^ {2}- \{ name: ([^,]+), newName: .*\}$/.exec(line)?.[1] ?? ''
    const replacement = wanted.get(name)
    wanted.delete(name)
    return replacement ?? line
  })
  if (wanted.size > 0)
    throw new Error(
      `${KUSTOMIZATION}: no line \`  - { name: …, newName: …, newTag: … }\` for ${[...wanted.keys()].join(', ')}; expected one for each image`,
    )
  return written.join('\n')
}

/** Files of manifests by their path; the images of ours in them that `k8s/components/images` does not find, as it looks for the names of this checkout. */
export function renamedImages(files: ReadonlyMap<string, string>): readonly string[] {
  const names = IMAGE_SERVICES.map(imageName)
  const ours = new RegExp(`^ *(?:- )?image: (\\S*?(?:${names.map((name) => name.slice(name.indexOf('/') + 1)).join('|')})):\\S+$`, 'gm')
  return [...files].flatMap(([path, text]) =>
    [...text.matchAll(ours)].flatMap(([, name = '']) => (names.includes(name) ? [] : [`${path}: image ${name}`])),
  )
}

/** What to do with the images, once they are built. */
export const howToUse = (place: Place, written: boolean): string =>
  [
    ...(written
      ? [`${KUSTOMIZATION} names them: kubectl apply -k k8s/overlays/main`]
      : [`${KUSTOMIZATION} (--write-kustomization writes it):`, ...imageLines(place)]),
    `Helm: --set image.registry=${place.registry} --set-string image.tag=${place.tag}`,
  ].join('\n')
