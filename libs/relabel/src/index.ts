export { compileRelabel, type Relabel } from './compile.ts'
export { parseRelabelConfigs } from './parse.ts'
export { ACTIONS, type Action, type RelabelRule } from './rule.ts'
