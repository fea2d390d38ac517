import type { Section } from './section.ts'

/** What looks like a variable in a text that is read without `--config.expand-env`, a line each. Groups of a rule have names, too, and are none. */
export function literalVariables(root: Section, text: string): readonly string[] {
  return root
    .scalars()
    .filter(({ where }) => !/: clients?[.[]/.test(where))
    .flatMap(({ where, text: scalar }) =>
      [...new Set([...scalar.matchAll(/\$\{([A-Za-z_]\w*)(?:\}|:?[-=?])/g)].map(([, name = '']) => name))]
        .filter((name) => !text.includes(`<${name}>`))
        .map((name) => `${where}: \${${name}} stays as it is: --config.expand-env puts variables in`),
    )
}
