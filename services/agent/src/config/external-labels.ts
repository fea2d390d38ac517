import { sortedLabels, type Labels } from '@clymene/model'

import { isLegacyLabelName } from './name-schemes.ts'
import type { Section } from './section.ts'

/**
 * `external_labels` with `${NAME}` and `$NAME` from the environment and `$$` for a dollar, as Prometheus expands them, but a name that is not
 * set is a mistake: nobody means an empty cluster.
 */
export function readExternalLabels(global: Section | undefined, env: NodeJS.ProcessEnv): Labels {
  if (global === undefined) return []
  const isLegacy = global.string('metric_name_validation_scheme', '') === 'legacy'
  return sortedLabels(
    global.texts('external_labels').map(([name, text]) => {
      if (name === '__name__' || name === '' || (isLegacy && !isLegacyLabelName(name)))
        global.mistake('external_labels', `${JSON.stringify(name)} cannot be an external label`)
      return [name, expand(text, env, (reason) => global.mistake('external_labels', `${name}: ${reason}`))] as const
    }),
  )
}

/** The grammar of Go's `os.Expand`: a name is one of a few signs, one digit, or letters, digits and `_`; a dollar before anything else stays. */
function expand(text: string, env: NodeJS.ProcessEnv, wrong: (reason: string) => void): string {
  return text.replaceAll(/\$(?:\{([^}]*)(\}?)|([*#$@!?\d-]|\w+))/g, (whole, braced?: string, end?: string, bare?: string) => {
    const name = braced ?? bare ?? ''
    if (name === '$') return '$'
    const value = env[name]
    if (name === '' || end === '') wrong(`expected a name and a brace after it in ${JSON.stringify(whole)}`)
    else if (value === undefined) wrong(`the environment has no ${name}`)
    return value ?? ''
  })
}

/** `labels` with `cluster` where none is set: the last in the order of precedence. */
export const withCluster = (labels: Labels, cluster: string): Labels =>
  cluster === '' || labels.some(([name]) => name === 'cluster') ? labels : sortedLabels([...labels, ['cluster', cluster]])
