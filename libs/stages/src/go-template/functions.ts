import type { TemplateFunction } from './functions/arguments.ts'
import { BUILTIN_FUNCTIONS } from './functions/builtin.ts'
import { ENCODING_FUNCTIONS } from './functions/encoding.ts'
import { LIST_FUNCTIONS } from './functions/list.ts'
import { MAP_FUNCTIONS } from './functions/map.ts'
import { NUMBER_FUNCTIONS } from './functions/number.ts'
import { REGEX_FUNCTIONS } from './functions/regex.ts'
import { TEXT_FUNCTIONS } from './functions/text.ts'
import { TRIM_FUNCTIONS } from './functions/trim.ts'

export type { TemplateFunction } from './functions/arguments.ts'

/** Go's own, Promtail's, and those of sprig that make one value of others. */
export const TEMPLATE_FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map([
  ...BUILTIN_FUNCTIONS,
  ...TEXT_FUNCTIONS,
  ...TRIM_FUNCTIONS,
  ...NUMBER_FUNCTIONS,
  ...LIST_FUNCTIONS,
  ...MAP_FUNCTIONS,
  ...ENCODING_FUNCTIONS,
  ...REGEX_FUNCTIONS,
])
