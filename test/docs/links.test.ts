import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { expect, test } from 'vitest'

import { root } from './commands.ts'

const PAGES = globSync(['*.md', 'docs/**/*.md', 'k8s/**/*.md', 'grafana/**/*.md', 'compose/**/*.md', 'test/**/README.md'], {
  cwd: root,
  exclude: (path) => path.includes('node_modules'),
})

const isTranslated = existsSync(join(root, 'docs/ko'))

/** Links that lead to a place of this repository, without those in blocks and between backticks. */
const linksOf = (text: string): readonly string[] =>
  [
    ...text
      .replaceAll(/^ *```.*?^ *```$/gms, '')
      .replaceAll(/`[^`\n]*`/g, '')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link) && (isTranslated || !/(^|\/)ko\//.test(link)))

/** As GitHub makes them of headings. */
const anchorsOf = (text: string): ReadonlySet<string> =>
  new Set(
    [...text.replaceAll(/^ *```.*?^ *```$/gms, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-'),
    ),
  )

const textOf = (path: string): string => readFileSync(path, 'utf8')

test.each(PAGES.filter((page) => linksOf(textOf(join(root, page))).length > 0))('%s leads to files and headings that are there', (page) => {
  const broken = linksOf(textOf(join(root, page))).filter((link) => {
    const [path = '', anchor] = link.split('#')
    const file = path === '' ? join(root, page) : join(root, dirname(page), decodeURI(path))
    if (!existsSync(file)) return true
    return anchor !== undefined && file.endsWith('.md') && !anchorsOf(textOf(file)).has(decodeURI(anchor))
  })
  expect(broken).toEqual([])
})
