import type { FlagSet, FlagValues } from '@clymene/model'
import { flag } from '@clymene/runtime'

import { ANSWER_LIMITS, type AnswerLimits } from './answer-limits.ts'

/** Bounds of what http, dns, consul and docker discovery take in. What is beyond one is refused whole: the targets of before stay. */
export const discoveryFlags = {
  'discovery.max-answer-bytes': flag.bytes('32MiB', 'Largest answer of a server of targets (http, consul, docker)', { min: 1024 }),
  'discovery.max-targets': flag.int(
    ANSWER_LIMITS.targets,
    'Most targets of one item of a list of http, dns, consul, docker or pod log discovery',
    {
      min: 1,
    },
  ),
  'discovery.max-services': flag.int(ANSWER_LIMITS.services, 'Most services that one item of consul_sd_configs watches', { min: 1 }),
} satisfies FlagSet

export const answerLimitsOf = (values: FlagValues<typeof discoveryFlags>): Partial<AnswerLimits> => ({
  bytes: values['discovery.max-answer-bytes'],
  targets: values['discovery.max-targets'],
  services: values['discovery.max-services'],
})
