export { type Collector, type Family, type FamilySample, formatFamilies, type HostRoot } from './family.ts'
export { createHostSource, type HostSourceOptions } from './host-source.ts'
export { hostCollectors, type HostReading, LINUX_ROOT, readHost } from './read-host.ts'
