export { boards, textOf } from './boards.ts'
