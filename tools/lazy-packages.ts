import { createRequire } from 'node:module'
import { basename, dirname } from 'node:path'

import type { Plugin } from 'esbuild'

/**
 * Packages that only some need, by the file that they are in beside the bundle. Loaded they take 4 MB of the heap of a process that uses none
 * of them, and their text as many again (docs/performance.md).
 */
const LAZY: ReadonlyMap<string, string> = new Map([
  ['@elastic/elasticsearch', 'elasticsearch'],
  ['@grpc/grpc-js', 'grpc'],
  ['@grpc/proto-loader', 'grpc'],
  ['kafkajs', 'kafkajs'],
  ['undici', 'undici'],
])

export type LazyPackages = {
  readonly plugin: Plugin
  /** After the build: the files that must stand beside the bundle, by name, with the text that each is to be bundled from. */
  readonly files: () => ReadonlyMap<string, string>
}

/**
 * In a bundle these packages, and what is imported of their files, are loaded when something of them is used for the first time, not when the
 * program starts, from files of their own. A module says `import` as ever and gets a stand-in.
 */
export function createLazyPackages(): LazyPackages {
  const wanted = new Map<string, Set<string>>()
  const plugin: Plugin = {
    name: 'lazy-packages',
    setup: (build) => {
      const filter = new RegExp(`^(${[...LAZY.keys()].join('|')})(?:/|$)`)
      build.onResolve({ filter }, ({ path, importer }) => {
        const file = LAZY.get(filter.exec(path)?.[1] ?? '') ?? path
        const resolved = createRequire(importer).resolve(path)
        wanted.set(file, (wanted.get(file) ?? new Set()).add(resolved))
        return { path: resolved, namespace: STAND_IN, pluginData: file }
      })
      build.onResolve({ filter: /.*/, namespace: STAND_IN }, ({ path }) => ({ path, external: true }))
      build.onLoad({ filter: /.*/, namespace: STAND_IN }, ({ path, pluginData: file }) => {
        const load = `let loaded\nconst load = () => (loaded ??= require("./${file}.cjs")[${JSON.stringify(keyOf(path))}]())`
        const exported: unknown = createRequire(path)(path)
        const contents = typeof exported === 'function' ? standInFor(load) : namesOf(load, Object.getOwnPropertyNames(exported))
        return { contents, resolveDir: dirname(path), loader: 'js' }
      })
    },
  }
  return {
    plugin,
    files: () =>
      new Map(
        [...wanted].map(([file, paths]) => [
          `${file}.cjs`,
          [...paths].map((path) => `exports[${JSON.stringify(keyOf(path))}] = () => require(${JSON.stringify(path)})\n`).join(''),
        ]),
      ),
  }
}

const STAND_IN = 'stand-in'

/** The file in its package: where the checkout lies is no part of an image. */
const keyOf = (path: string): string => path.split('/node_modules/').at(-1) ?? basename(path)

/** A getter for each export. `__esModule` is asked for before any of them. */
const namesOf = (load: string, names: readonly string[]): string => `${load}
  ${names.includes('__esModule') ? `Object.defineProperty(exports, '__esModule', { value: true })` : ''}
  for (const name of ${JSON.stringify(names.filter((name) => name !== '__esModule'))})
    Object.defineProperty(exports, name, { enumerable: true, get: () => load()[name] })
`

/** A class or function is all that the file exports. */
const standInFor = (load: string): string => `${load}
  module.exports = new Proxy(function () {}, {
    get: (_, name) => load()[name],
    apply: (_, self, values) => Reflect.apply(load(), self, values),
    construct: (_, values) => Reflect.construct(load(), values),
  })
`
