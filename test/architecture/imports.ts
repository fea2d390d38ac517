import { isBuiltin } from 'node:module'

// Static ones start a line, with or without names to bind; dynamic ones stand anywhere.
const STATIC = /^(?:import|export)\s+(?:[\w$*,{}\s]+?\s+from\s+)?'([^']+)'/gm
const DYNAMIC = /\bimport\('([^']+)'\)/g

/** Every module that a source file names, in no particular order. */
export const importsOf = (source: string): readonly string[] =>
  [...source.matchAll(STATIC), ...source.matchAll(DYNAMIC)].flatMap(([, specifier]) => specifier ?? [])

/** The package that must be declared for an import: `@scope/name/sub` → `@scope/name`; undefined for relative and built-in ones. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || isBuiltin(specifier)) return undefined
  const parts = specifier.split('/')
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}
