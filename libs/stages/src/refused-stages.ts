/** Stages of Promtail and Alloy that are not offered, and what to do instead: named, so that a message can tell a gap from a slip of the pen. */
export const REFUSED_STAGES: ReadonlyMap<string, string> = new Map([
  [
    'geoip',
    'it would need a data base of addresses beside every agent; look the place up where the lines are read, or take `drop` and `replace` to leave addresses out',
  ],
  ['eventlogmessage', 'it reads the event log of Windows, which this agent does not run on'],
  ['windowsevent', 'it reads the event log of Windows, which this agent does not run on'],
])
