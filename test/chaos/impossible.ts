import { whyUnavailable } from '../engines/index.ts'
import type { Fault } from './plan.ts'
import { canMountSmallDisk } from './small-disk.ts'

/** Kinds of faults that cannot be made on this machine, and why. */
export function impossibleFaults(): readonly { readonly kind: Fault['kind']; readonly why: string }[] {
  const whyNoClock = whyUnavailable('libfaketime')
  return [
    ...(canMountSmallDisk() ? [] : [{ kind: 'full-disk', why: 'no tmpfs can be mounted here' } as const]),
    ...(whyNoClock === undefined ? [] : [{ kind: 'clock', why: `libfaketime: ${whyNoClock}` } as const]),
  ]
}
