import { expect, test } from 'vitest'

import { packages, textOf } from './workspace.ts'

const manifest = JSON.parse(textOf('package.json'))
type Locked = {
  readonly resolved?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}
const lock: { packages: Record<string, Locked> } = JSON.parse(textOf('package-lock.json'))

test('versions of dependencies are exact, and packages of the workspace come as they are', () => {
  const declared = [
    ...packages.flatMap(({ name, dependencies }) => Object.entries(dependencies).map((entry) => [name, ...entry] as const)),
    ...Object.entries<string>({ ...manifest.devDependencies, ...manifest.optionalDependencies }).map(
      (entry) => ['root', ...entry] as const,
    ),
  ]
  const ours = new Set(packages.map(({ name }) => name))
  const loose = declared.filter(([, name, version]) => (ours.has(name) ? version !== '*' : !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)))
  expect(loose).toEqual([])
})

test('one version of a dependency serves every package', () => {
  const versions = new Map<string, Set<string>>()
  for (const [name, version] of packages.flatMap(({ dependencies }) => Object.entries(dependencies))) {
    versions.set(name, (versions.get(name) ?? new Set()).add(version))
  }
  expect([...versions].filter(([, found]) => found.size > 1)).toEqual([])
})

test('packages of the workspace have the version of the workspace', () => {
  expect(packages.filter(({ version }) => version !== manifest.version).map(({ name }) => name)).toEqual([])
})

test('the lock has what each package.json declares, else `npm ci` refuses it (npm run lock)', () => {
  const declared = Object.fromEntries(packages.map(({ directory, dependencies }) => [directory, dependencies]))
  const locked = Object.fromEntries(packages.map(({ directory }) => [directory, lock.packages[directory]?.dependencies ?? {}]))
  expect(locked).toEqual(declared)
})

test('the lock names the builds of every platform, else `npm ci` refuses it (npm run lock)', () => {
  const missing = Object.values(lock.packages)
    .flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies ?? {}))
    .filter((name) => !(`node_modules/${name}` in lock.packages))
  expect(missing).toEqual([])
})

test('the lock names no registry, so that each machine may use its own', () => {
  expect(Object.values(lock.packages).filter(({ resolved }) => resolved?.includes('://'))).toEqual([])
})
