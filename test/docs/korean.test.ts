import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { root } from './commands.ts'
import {
  changesSince,
  fingerprintsOf,
  KOREAN_PAGES as PAGES,
  lookedAt,
  readPage as pageAt,
  readRecord,
  RECORD,
} from './translated-sections.ts'
import { differencesOf, originalOf } from './translation.ts'

test('README and guide are translated', () => {
  expect(PAGES).toEqual(['docs/ko/README.md', 'docs/ko/guide.md'])
})

describe('a change of an English page is to be made in its translation too', () => {
  test.each(PAGES)('%s', (path) => {
    expect(differencesOf(pageAt(originalOf(path)), pageAt(path))).toEqual([])
  })
})

describe('a change of English words is to be looked at in the translation, then `npm run translated`', () => {
  test.each(PAGES)('%s', (path) => {
    const original = originalOf(path)
    const changes = changesSince(readRecord().get(original) ?? new Map(), pageAt(original))
    expect(changes, `look at these sections in ${path}; when they say the same again: npm run translated`).toEqual([])
  })

  test(`${RECORD} is of these pages`, () => {
    expect([...readRecord().keys()]).toEqual(PAGES.map(originalOf))
  })
})

test.each(PAGES)('%s begins with the page that it is a translation of, and the version', (path) => {
  const { version }: { readonly version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  expect(pageAt(path).text.split('\n')[0]).toContain(`[${originalOf(path)}](`)
  expect(pageAt(path).text.split('\n')[0]).toContain(`버전 ${version}`)
})

const ENGLISH = `# Title

Text with \`--flag\` and a [link](api.md#lag).

- one, see [below](#rows)
- two

## Rows

| a   | b    |
| --- | ---- |
| one | \`x\` |

\`\`\`sh
run one  # a comment
run two
\`\`\`
`
const KOREAN = `> [docs/page.md](../page.md)의 번역입니다.

# 제목

[링크](../api.md#lag)와 \`--flag\`.

- 하나, [아래](#행)
- 둘

## 행

| 가 | 나 |
| -- | -- |
| 하나 | \`x\` |

\`\`\`sh
run one  # a comment
run two
\`\`\`
`

test.each([
  ['the same', '', '', []],
  ['a heading is missing', '## 행\n', '', ['docs/ko/page.md: heading "## Rows" of docs/page.md is nothing here']],
  ['a heading of another level', '## 행', '### 행', ['docs/ko/page.md: heading "## Rows" of docs/page.md is heading "### 행" here']],
  ['a heading too many', '# 제목', '# 제목\n\n# 또', ['docs/ko/page.md: heading "## Rows" of docs/page.md is heading "# 또" here']],
  ['a list item is missing', '- 둘\n', '', ['docs/ko/page.md, "# 제목" ("# Title"): list item "- two" of docs/page.md is nothing here']],
  [
    'a paragraph too many',
    '- 둘\n',
    '- 둘\n\n끝\n',
    ['docs/ko/page.md, "# 제목" ("# Title"): nothing of docs/page.md is paragraph "끝" here'],
  ],
  [
    'a table row is missing',
    '| 하나 | `x` |\n',
    '',
    ['docs/ko/page.md, "## 행" ("## Rows"): table row "| one | `x` |" of docs/page.md is code block "run one # a comment" here'],
  ],
  [
    'another command',
    'run two',
    'run three',
    ['docs/ko/page.md, "## 행" ("## Rows"): code block "run one # a comment" has "run three" where "run two" was expected'],
  ],
  [
    'a translated comment in a block',
    '# a comment',
    '# 설명',
    [
      'docs/ko/page.md, "## 행" ("## Rows"): code block "run one # a comment" has "run one  # 설명" where "run one  # a comment" was expected',
    ],
  ],
  [
    'another flag',
    '`--flag`',
    '`--flog`',
    [
      'docs/ko/page.md, "# 제목" ("# Title"): paragraph "[링크](../api.md#lag)와 `--flog`." lacks `--flag`',
      'docs/ko/page.md, "# 제목" ("# Title"): paragraph "[링크](../api.md#lag)와 `--flog`." has `--flog`, the original has not',
    ],
  ],
  [
    'a link to elsewhere',
    '../api.md#lag',
    'api.md',
    [
      'docs/ko/page.md, "# 제목" ("# Title"): paragraph "[링크](api.md)와 `--flag`." lacks a link to docs/api.md#lag',
      'docs/ko/page.md, "# 제목" ("# Title"): paragraph "[링크](api.md)와 `--flag`." has a link to docs/api.md, the original has not',
    ],
  ],
])('what is told of a translation: %s', (_, from, to, expected) => {
  const translation = { path: 'docs/ko/page.md', text: KOREAN.replace(from, to) }
  expect(differencesOf({ path: 'docs/page.md', text: ENGLISH }, translation)).toEqual(expected)
})

test.each<[what: string, from: string | RegExp, to: string, changes: readonly string[]]>([
  ['nothing', '', '', []],
  ['where a line is broken', 'and a [link]', 'and\na [link]', []],
  ['how columns are aligned', '| one | `x` |', '| one  |  `x`  |', []],
  ['a command, which the translation has to have to the letter', 'run two', 'run three', []],
  ['a word', 'Text with', 'Words with', ['"# Title" of docs/page.md has other words now']],
  ['a cell', '| one |', '| 1 |', ['"## Rows" of docs/page.md has other words now']],
  ['an item that became a paragraph', '- two', '\ntwo', ['"# Title" of docs/page.md has other words now']],
  ['a heading', '## Rows', '## Lines', ['"## Lines" of docs/page.md was not there', '"## Rows" of docs/page.md is gone']],
  ['a second section of one name', /$/, '\n## Rows\n\nMore.\n', ['"## Rows" of docs/page.md has other words now']],
  ['a section of the name of a property', /$/, '\n## __proto__\n', ['"## __proto__" of docs/page.md was not there']],
])('what is told of a page that was translated before this changed: %s', (_, from, to, changes) => {
  expect(changesSince(fingerprintsOf(ENGLISH), { path: 'docs/page.md', text: ENGLISH.replace(from, to) })).toEqual(changes)
})

test.each<
  [
    what: string,
    english: readonly [from: string, to: string],
    korean: readonly [from: string, to: string],
    said: readonly string[],
    written: boolean,
  ]
>([
  ['nothing changed', ['', ''], ['', ''], [`${RECORD} has them all`], true],
  [
    'other words',
    ['Text with', 'Words with'],
    ['', ''],
    ['"# Title" of docs/page.md has other words now', `${RECORD} has these as translated now`],
    true,
  ],
  [
    'a section that the translation has, too',
    ['## Rows', '## New\n\n## Rows'],
    ['## 행', '## 새\n\n## 행'],
    ['"## New" of docs/page.md was not there', `${RECORD} has these as translated now`],
    true,
  ],
  [
    'a section that it lacks',
    ['## Rows', '## New\n\n## Rows'],
    ['', ''],
    [
      '"## New" of docs/page.md was not there',
      'docs/ko/page.md: heading "## Rows" of docs/page.md is nothing here',
      `${RECORD} stays as it was`,
    ],
    false,
  ],
])('what npm run translated says and does: %s', (_, english, korean, said, written) => {
  const original = { path: 'docs/page.md', text: ENGLISH.replace(...english) }
  const translation = { path: 'docs/ko/page.md', text: KOREAN.replace(...korean) }
  const { said: found, prints } = lookedAt([[original, translation]], new Map([['docs/page.md', fingerprintsOf(ENGLISH)]]))
  expect(found).toEqual(said)
  expect(prints).toEqual(written ? new Map([['docs/page.md', fingerprintsOf(original.text)]]) : undefined)
})
