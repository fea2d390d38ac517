import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

import { parse } from 'yaml'

import { root } from './manifest-files.ts'

/** What of a kustomization.yaml the tests look at. */
export type Kustomization = {
  /** Its folder, from the root of the repository. */
  readonly folder: string
  readonly text: string
  readonly isComponent: boolean
  readonly resources: readonly string[]
  readonly components: readonly string[]
  readonly images: readonly { readonly name: string; readonly newName?: string; readonly newTag?: string }[]
  readonly patches: readonly KustomizePatch[]
  readonly replacements: readonly Replacement[]
  /** ConfigMaps that it makes of literals and files. */
  readonly configMapGenerator: readonly { readonly name: string }[]
}

/** What is patched, by kind and the regular expression of a name, and the patch's text. */
export type KustomizePatch = { readonly target: { readonly kind?: string; readonly name?: string }; readonly patch: string }

/** Where a text comes from, and each place that it is put in. */
export type Replacement = {
  readonly source: { readonly kind: string; readonly name: string; readonly fieldPath: string }
  readonly targets: readonly { readonly select: KustomizePatch['target']; readonly fieldPaths: readonly string[] }[]
}

type WrittenPatch = Partial<KustomizePatch> & { readonly path?: string }

/** A patch without a target says itself what it is for. */
function readPatch(
  folder: string,
  { target, path, patch = readFileSync(join(root, folder, path ?? ''), 'utf8') }: WrittenPatch,
): KustomizePatch {
  if (target !== undefined) return { target, patch }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- kustomize refuses a patch without these
  const { kind, metadata } = parse(patch) as { readonly kind: string; readonly metadata: { readonly name: string } }
  return { target: { kind, name: metadata.name }, patch }
}

type Written = Partial<Omit<Kustomization, 'patches'>> & { readonly kind?: string; readonly patches?: readonly WrittenPatch[] }

/** @throws when the file is no YAML, or has no kind */
function readKustomization(file: string): Kustomization {
  const text = readFileSync(join(root, file), 'utf8')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- kustomize checks the shape of every field
  const content = parse(text) as Written
  if (content.kind !== 'Kustomization' && content.kind !== 'Component') throw new Error(`${file}: a kind ${content.kind}`)
  const folder = dirname(file)
  const from = (path: string): string => normalize(join(folder, path))
  return {
    folder,
    text,
    isComponent: content.kind === 'Component',
    resources: (content.resources ?? []).map(from),
    components: (content.components ?? []).map(from),
    images: content.images ?? [],
    patches: (content.patches ?? []).map((one) => readPatch(folder, one)),
    replacements: content.replacements ?? [],
    configMapGenerator: content.configMapGenerator ?? [],
  }
}

export const kustomizations = (): readonly Kustomization[] =>
  globSync(['k8s/**/kustomization.yaml', 'grafana/kustomization.yaml'], { cwd: root }).toSorted().map(readKustomization)

const isFolder = (path: string): boolean => existsSync(join(root, path)) && statSync(join(root, path)).isDirectory()

/** Itself and everything that it is made of, by folder. */
export function closure(all: readonly Kustomization[], folder: string): ReadonlySet<string> {
  const found = new Set<string>()
  const visit = (one: string): void => {
    if (found.has(one)) return
    found.add(one)
    const { resources = [], components = [] } = all.find((candidate) => candidate.folder === one) ?? {}
    for (const next of [...resources.filter(isFolder), ...components]) visit(next)
  }
  visit(folder)
  return found
}
