import type { TemplateFunction } from './functions/arguments.ts'
import { BUILTIN_FUNCTIONS } from './functions/builtin.ts'
import { ENCODING_FUNCTIONS } from './functions/encoding.ts'
import { KIND_FUNCTIONS } from './functions/kind.ts'
import { LIST_FUNCTIONS } from './functions/list.ts'
import { MAP_FUNCTIONS } from './functions/map.ts'
import { NUMBER_FUNCTIONS } from './functions/number.ts'
import { PATH_FUNCTIONS } from './functions/path.ts'
import { REGEX_FUNCTIONS } from './functions/regex.ts'
import { TEXT_FUNCTIONS } from './functions/text.ts'
import { TRIM_FUNCTIONS } from './functions/trim.ts'
import { URL_FUNCTIONS } from './functions/url.ts'
import { WORD_FUNCTIONS } from './functions/words.ts'

export type { TemplateFunction } from './functions/arguments.ts'

const FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map([
  ...BUILTIN_FUNCTIONS,
  ...TEXT_FUNCTIONS,
  ...TRIM_FUNCTIONS,
  ...NUMBER_FUNCTIONS,
  ...LIST_FUNCTIONS,
  ...MAP_FUNCTIONS,
  ...ENCODING_FUNCTIONS,
  ...REGEX_FUNCTIONS,
  ...KIND_FUNCTIONS,
  ...PATH_FUNCTIONS,
  ...URL_FUNCTIONS,
  ...WORD_FUNCTIONS,
])

/** Those that sprig also has as `mustFirst` and so on, which tell a mistake where the others stop. Here all tell it. */
const ALSO_MUST =
  'append chunk compact deepCopy first has initial last merge mergeOverwrite prepend push regexFind regexFindAll regexMatch regexReplaceAll ' +
  'regexReplaceAllLiteral regexSplit rest reverse slice toJson toPrettyJson toRawJson uniq without'

/** Go's own, Promtail's, and those of sprig that make one value of others. */
export const TEMPLATE_FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map([
  ...FUNCTIONS,
  ...ALSO_MUST.split(' ').flatMap((name): [string, TemplateFunction][] => {
    const call = FUNCTIONS.get(name)
    return call === undefined ? [] : [[`must${name.slice(0, 1).toUpperCase()}${name.slice(1)}`, call]]
  }),
])
