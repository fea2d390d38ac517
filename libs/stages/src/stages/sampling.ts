import { readNumber, readReason } from '../read-options.ts'
import type { StageKind } from '../stage.ts'

/** Lets a share of the lines through, chosen by chance: `rate` is from 0 to 1. */
export const sampling: StageKind = {
  keys: ['rate', 'drop_counter_reason'],
  parse: (fields) => {
    const given = fields.raw('rate')
    const rate = readNumber(fields, 'rate', 'a number from 0 to 1', (value) => value >= 0 && value <= 1) ?? 1
    if (given === undefined || given === null) fields.mistake('.rate: expected a number from 0 to 1')
    const reason = readReason(fields, 'sampling_stage')
    return (pass, context) => ({
      push: (entry) => {
        if (context.random() < rate) pass(entry)
        else context.dropped(reason, 1)
      },
    })
  },
}
