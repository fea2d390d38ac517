import { containerLabels, podLabels } from '../kubernetes/pod-group.ts'
import type { Pod } from '../kubernetes/pod.ts'

type Labels = readonly (readonly [name: string, value: string])[]

/** What the API server knows of a pod, as the labels of the role `pod`. */
export type PodDescription = {
  readonly labels: Labels
  /** By name of the container. */
  readonly containers: readonly (readonly [name: string, labels: Labels])[]
}

export const describePod = (pod: Pod): PodDescription => ({
  labels: [...podLabels(pod)],
  containers: pod.containers.map((container) => [container.name, [...containerLabels(container)]]),
})
