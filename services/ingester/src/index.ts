export { ingesterCommand, kindOfTopic, promtailIngesterCommand, topicsOf } from './command.ts'
export { createIngester, groupOf, type Ingester, type IngesterOptions, type Route } from './ingester.ts'
