export * from './scrape/index.ts'
export { createFileSource } from './files/file-source.ts'
export type { FileJob, FileSourceOptions } from './files/options.ts'
export * from './host/index.ts'
