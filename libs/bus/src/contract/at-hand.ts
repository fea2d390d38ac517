import type { Bus, Kind } from '@clymene/model'

/** The bus as the parts of the suite see it: what they open is closed after each test; closing twice is fine. */
export type BusAtHand = {
  readonly open: () => Promise<Bus>
  readonly newTopic: (kind: Kind) => Promise<string>
  readonly maxMessageBytes: () => number
}
