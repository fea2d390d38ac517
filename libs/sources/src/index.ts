export * from './scrape/index.ts'
