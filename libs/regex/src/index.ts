export { RegexError } from './error.ts'
export { compileRegex, type Match, type Regex, type RegexOptions } from './regex.ts'
export { compileTemplate, expand, type Template, usesGroups } from './template.ts'
