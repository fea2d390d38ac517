import type { Files, Manifest } from './manifest-files.ts'
import type { Container, PodTemplate } from './objects.ts'

/** Mistakes of the objects of one cluster, a line each. */
export type Check = (manifests: readonly Manifest[], files: Files) => readonly string[]

/** What makes pods, and what it is called in a message. */
export type Pod = { readonly manifest: Manifest; readonly name: string; readonly template: PodTemplate }

export const pods = (manifests: readonly Manifest[]): readonly Pod[] =>
  manifests.flatMap((manifest) => {
    const { kind, metadata, spec } = manifest.object
    return spec?.template === undefined ? [] : [{ manifest, name: `${kind} ${metadata.name}`, template: spec.template }]
  })

export const containers = (manifests: readonly Manifest[]): readonly { pod: Pod; container: Container }[] =>
  pods(manifests).flatMap((pod) => containersOf(pod.template).map((container) => ({ pod, container })))

/** Those that start first, which may go on beside the others, and the others. */
export const containersOf = ({ spec: { initContainers = [], containers: others } }: PodTemplate): readonly Container[] => [
  ...initContainers,
  ...others,
]

export const ofKind = (manifests: readonly Manifest[], kind: string): readonly Manifest[] =>
  manifests.filter(({ object }) => object.kind === kind)
export const idOf = ({ object: { kind, metadata } }: Manifest): string => [kind, metadata.namespace ?? '', metadata.name].join(' ')
export const isOurs = ({ image }: Container): boolean => image.startsWith('bourbonkk/')
