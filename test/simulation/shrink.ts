import { describeEvent, type Event, type Plan } from './events.ts'

/** The fewest events, as far as leaving out goes, that still go wrong in the same way; runs of many go first. */
export async function shrink(plan: Plan, goesWrong: (shorter: Plan) => Promise<boolean>): Promise<Plan> {
  let events: readonly Event[] = plan.events
  for (let run = Math.ceil(events.length / 2); run >= 1; run = run === 1 ? 0 : Math.ceil(run / 2)) {
    for (let from = 0; from < events.length;) {
      const shorter = [...events.slice(0, from), ...events.slice(from + run)]
      if (await goesWrong({ ...plan, events: shorter })) events = shorter
      else from += run
    }
  }
  return { ...plan, events }
}

export const describePlan = ({ manner, maxBodyRecords, events }: Plan): string =>
  [`a store like ${manner}, bodies of ${maxBodyRecords} records`, ...events.map(describeEvent)].join('\n')
