import { jsonAt, listAt, numberAt, textAt, type Json } from '@clymene/discovery'

import { readApiTime } from './api-time.ts'

/** One run of a container that ended. */
export type Termination = {
  /** The same for one run, however often and in whichever status it is told. */
  readonly id: string
  readonly container: string
  readonly image: string
  readonly containerId: string
  readonly reason: string
  readonly message: string
  readonly exitCode: number
  readonly signal: number
  readonly restartCount: number
  readonly startedAt: string
  readonly finishedAt: string
  /** Nanoseconds since the epoch; 0 when the kubelet does not know. */
  readonly finishedNs: bigint
}

/** What the status of a pod tells of ended containers: the run now and the one before it of each. */
export type PodTerminations = {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly nodeName: string
  readonly version: string
  readonly terminations: readonly Termination[]
}

/** @see https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/ */
export function readTerminations(pod: Json): PodTerminations {
  const metadata = jsonAt(pod, 'metadata')
  const status = jsonAt(pod, 'status')
  const uid = textAt(metadata, 'uid')
  const statuses = ['initContainerStatuses', 'containerStatuses', 'ephemeralContainerStatuses'].flatMap((key) => listAt(status, key))
  return {
    uid,
    namespace: textAt(metadata, 'namespace'),
    name: textAt(metadata, 'name'),
    nodeName: textAt(jsonAt(pod, 'spec'), 'nodeName'),
    version: textAt(metadata, 'resourceVersion'),
    // The older run first.
    terminations: statuses.flatMap((one) => [
      ...readTermination(uid, one, jsonAt(jsonAt(one, 'lastState'), 'terminated')),
      ...readTermination(uid, one, jsonAt(jsonAt(one, 'state'), 'terminated')),
    ]),
  }
}

function readTermination(podUid: string, status: Json, terminated: Json): readonly Termination[] {
  const exitCode = numberAt(terminated, 'exitCode')
  if (exitCode === undefined) return []
  const container = textAt(status, 'name')
  const containerId = textAt(terminated, 'containerID')
  const finishedAt = textAt(terminated, 'finishedAt')
  return [
    {
      // The count of restarts rises between the status of an end and that of the run after it: the run has an id of its own.
      id: `${podUid}/${container}/${containerId || finishedAt || textAt(terminated, 'startedAt')}`,
      container,
      image: textAt(status, 'image'),
      containerId,
      reason: textAt(terminated, 'reason'),
      message: textAt(terminated, 'message'),
      exitCode,
      signal: numberAt(terminated, 'signal') ?? 0,
      restartCount: numberAt(status, 'restartCount') ?? 0,
      startedAt: textAt(terminated, 'startedAt'),
      finishedAt,
      finishedNs: readApiTime(finishedAt) ?? 0n,
    },
  ]
}
