import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')

/** A line of an `sh` block; lines that go on behind a backslash are one, comments are gone. */
export type PageCommand = { readonly page: string; readonly command: string }

/** What `sh` blocks of a page tell to run, in their order. */
export function commandsOf(page: string): readonly PageCommand[] {
  return blocksOf(page, 'sh')
    .flatMap((block) => block.replaceAll(/\\\n\s*/g, '').split('\n'))
    .map(withoutComment)
    .filter((line) => line !== '')
    .map((command) => ({ page, command }))
}

/** What stands between backticks in the text of a page and begins with one of these programs. */
export function inlineCommandsOf(page: string): readonly PageCommand[] {
  const text = readPage(page).replaceAll(/^\s*```.*?^\s*```$/gms, '')
  return [...text.matchAll(/`((?:npx --no clymene|clymene|npm run|kubectl) [^`]+)`/g)].map(([, command = '']) => ({ page, command }))
}

/** Blocks of a language, without what indents them. */
export function blocksOf(page: string, language: string): readonly string[] {
  return [...readPage(page).matchAll(new RegExp(`^( *)\`\`\`${language}\\n(.*?)^ *\`\`\`$`, 'gms'))].map(([, indent = '', block = '']) =>
    block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  )
}

const readPage = (page: string): string => readFileSync(join(root, page), 'utf8')

/** A `#` after a blank begins a comment, but not within quotes. */
function withoutComment(line: string): string {
  const [kept = ''] = /^(?:'[^']*'|"(?:\\.|[^"\\])*"|(?<!^)(?<!\s)#|[^'"#])*/.exec(line) ?? []
  return kept.trim()
}
