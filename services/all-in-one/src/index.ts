export { allInOneCommand } from './command.ts'
