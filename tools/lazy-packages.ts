import { createRequire } from 'node:module'
import { dirname } from 'node:path'

import type { Plugin } from 'esbuild'

/** Packages that only some storages need: loaded, they take 4 MB of the heap of a process that uses none (docs/performance.md). */
const LAZY = ['@elastic/elasticsearch', '@grpc/grpc-js', '@grpc/proto-loader', 'kafkajs']

/**
 * In a bundle these packages, and what is imported of their files, are loaded when something of them is used for the first time, not when the
 * program starts. A module says `import` as ever and gets a stand-in.
 */
export const lazyPackages: Plugin = {
  name: 'lazy-packages',
  setup: (build) => {
    const filter = new RegExp(`^(?:${LAZY.join('|')})(?:/|$)`)
    build.onResolve({ filter }, ({ path, importer, namespace }) => {
      if (namespace === STAND_IN) return undefined
      const file = createRequire(importer).resolve(path)
      return { path: file, namespace: STAND_IN }
    })
    build.onLoad({ filter: /.*/, namespace: STAND_IN }, ({ path }) => {
      const exported: unknown = createRequire(path)(path)
      const contents = typeof exported === 'function' ? standInFor(path) : namesOf(path, Object.getOwnPropertyNames(exported))
      return { contents, resolveDir: dirname(path), loader: 'js' }
    })
  },
}

const STAND_IN = 'stand-in'

const loading = (path: string): string => `
  let loaded
  const load = () => (loaded ??= require(${JSON.stringify(path)}))
`

/** A getter for each export. `__esModule` is asked for before any of them. */
const namesOf = (path: string, names: readonly string[]): string => `${loading(path)}
  ${names.includes('__esModule') ? `Object.defineProperty(exports, '__esModule', { value: true })` : ''}
  for (const name of ${JSON.stringify(names.filter((name) => name !== '__esModule'))})
    Object.defineProperty(exports, name, { enumerable: true, get: () => load()[name] })
`

/** A class or function is all that the file exports. */
const standInFor = (path: string): string => `${loading(path)}
  module.exports = new Proxy(function () {}, {
    get: (_, name) => load()[name],
    apply: (_, self, values) => Reflect.apply(load(), self, values),
    construct: (_, values) => Reflect.construct(load(), values),
  })
`
