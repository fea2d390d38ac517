import { sortedLabels, type Labels } from '@clymene/model'

import type { Section } from './section.ts'

/** `external_labels` with `${NAME}` and `$NAME` from the environment and `$$` for a dollar; a name that is not set is a mistake. */
export function readExternalLabels(global: Section | undefined, env: NodeJS.ProcessEnv): Labels {
  if (global === undefined) return []
  return sortedLabels(
    global.texts('external_labels').map(([name, text]) => {
      if (name === '__name__' || name === '') global.mistake('external_labels', `${JSON.stringify(name)} cannot be an external label`)
      return [
        name,
        expand(text, env, (variable) => global.mistake('external_labels', `${name}: the environment has no ${variable}`)),
      ] as const
    }),
  )
}

function expand(text: string, env: NodeJS.ProcessEnv, missing: (variable: string) => void): string {
  return text.replaceAll(/\$(?:\$|\{([^}]*)\}|([A-Za-z_]\w*))/g, (whole, braced?: string, bare?: string) => {
    if (whole === '$$') return '$'
    const variable = braced ?? bare ?? ''
    const value = env[variable]
    if (value === undefined) missing(variable)
    return value ?? ''
  })
}

/** `labels` with `cluster` where none is set: the last in the order of precedence. */
export const withCluster = (labels: Labels, cluster: string): Labels =>
  cluster === '' || labels.some(([name]) => name === 'cluster') ? labels : sortedLabels([...labels, ['cluster', cluster]])
