import { remoteWriteStorage } from '../remote-write/storage.ts'

/** Prometheus, or anything that takes remote write 1.0. */
export const prometheusStorage = remoteWriteStorage({
  name: 'prometheus',
  help: 'Prometheus remote write 1.0',
  prefix: 'prometheus.remote',
  url: 'http://localhost:9090/api/v1/write',
  urlHelp: 'Where to write: a remote write 1.0 receiver',
})
