export { ExpositionError } from './exposition-error.ts'
export { formatFloatLabel, parseFloatText } from './float.ts'
export { chooseFormat, type ExpositionFormat } from './format.ts'
export { parseExposition } from './parse-exposition.ts'
export { parseExemplarLabels, parseSeries } from './parse-series.ts'
export {
  acceptHeader,
  DEFAULT_SCRAPE_PROTOCOLS,
  EXPOSITION_ACCEPT,
  formatOf,
  NAME_ESCAPINGS,
  type NameEscaping,
  SCRAPE_PROTOCOLS,
  type ScrapeProtocol,
} from './scrape-protocol.ts'
export { type ExpositionVisitor, type MetadataKind } from './visitor.ts'
