import { flag } from '@clymene/runtime'

import { remoteWriteStorage } from '../remote-write/storage.ts'

/** Cortex and Mimir: the same body as for Prometheus, under its own flags. */
export const cortexStorage = remoteWriteStorage({
  name: 'cortex',
  help: 'Cortex or Mimir, remote write 1.0 to a distributor',
  storesParts: true,
  prefix: 'cortex.distributor',
  url: 'http://localhost/api/v1/push',
  urlHelp: 'Where to write: the push path of a distributor of Cortex or Mimir',
  accepted: { 'cortex.distributor.kafka.encoding': flag.string('protobuf', 'Encoding', { noEffect: 'bodies are always protobuf' }) },
})
