import type { BusRecord, Delivery } from '@clymene/model'

import { knownAs } from './messages.ts'

/** What a bus writes over values that were released, so that it shows when somebody still looks at them. */
const OVERWRITTEN = 0xff

/** Copies of what a broker has, as a bus that uses its memory again hands them over. */
export function lend(records: readonly BusRecord[]): { readonly records: readonly BusRecord[]; readonly release: () => void } {
  const lent = records.map((record) => ({ ...record, value: knownAs(Buffer.from(record.value), record.value) }))
  return {
    records: lent,
    release: () => {
      for (const { value } of lent) knownAs(value.fill(OVERWRITTEN), undefined)
    },
  }
}

export const isOverwritten = ({ value }: Delivery): boolean => value.length > 0 && value.every((byte) => byte === OVERWRITTEN)
