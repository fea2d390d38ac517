import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export const root = join(import.meta.dirname, '../..')

export type Package = {
  readonly name: string
  /** Relative to the root. */
  readonly directory: string
  /** From its tag `layer:<name>` in package.json. */
  readonly layer: string
  readonly version: string
  readonly exports: unknown
  readonly dependencies: Readonly<Record<string, string>>
}

export const packages: readonly Package[] = globSync('{libs,services}/*/package.json', { cwd: root })
  .concat('grafana/package.json', 'test/package.json')
  .map((file) => {
    const manifest = JSON.parse(readFileSync(join(root, file), 'utf8'))
    return {
      name: manifest.name,
      directory: dirname(file),
      layer: String(manifest.nx?.tags?.[0]).replace('layer:', ''),
      version: manifest.version,
      exports: manifest.exports,
      dependencies: manifest.dependencies ?? {},
    }
  })

/** The TypeScript of a folder, its own modules and what was made from it aside; paths relative to the root. */
export const sourcesOf = (directory: string): readonly string[] =>
  globSync(`${directory}/**/*.{ts,tsx,mjs}`, { cwd: root, exclude: (path) => /(^|\/)(node_modules|dist)(\/|$)/.test(path) })

export const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')

export const isTest = (file: string): boolean => /\.test\.tsx?$/.test(file)

/** What only tests use: a contract suite that several packages run, and what tests share in `testing` or `test-kit`. */
export const isForTests = (file: string): boolean => /(^|[/.])(contract|testing|test-kit)(\/|\.ts$)/.test(file)
