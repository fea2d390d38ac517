export { ingesterCommand, kindOfTopic, promtailIngesterCommand, topicsOf } from './command.ts'
export { ledgerTopicFlag } from './flags.ts'
export { groupOf, storageOfGroup } from './groups.ts'
export { createIngester, type Ingester, type IngesterOptions, type Route } from './ingester.ts'
