import { type Api, podPath } from '../api.ts'
import type { ContainerStatus, Pod } from '../objects.ts'

export type PodState = {
  phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed'
  podIP: string
  message: string
  readonly containers: Map<string, ContainerStatus>
}

/** Tells the API server what a pod is like, whenever that is another than what it was told last. */
export function createStatusReport(api: Api, pod: Pod, hostIP: string, state: PodState) {
  const path = `${podPath(pod.metadata.namespace ?? '', pod.metadata.name)}/status`
  const startTime = new Date().toISOString()
  const first = new Set(pod.spec.initContainers?.map(({ name }) => name))
  let told = ''
  let telling: Promise<void> | undefined
  const since = new Map<string, string>()

  const condition = (type: string, holds: boolean) => {
    const key = `${type}=${holds}`
    if (!since.has(key)) {
      since.delete(`${type}=${!holds}`)
      since.set(key, new Date().toISOString())
    }
    return { type, status: holds ? 'True' : 'False', lastTransitionTime: since.get(key) }
  }

  const statusNow = () => {
    const all = [...state.containers.values()]
    const isFirst = ({ name }: ContainerStatus): boolean => first.has(name)
    const containers = all.filter((container) => !isFirst(container))
    const ready = state.phase === 'Running' && containers.every((container) => container.ready)
    return {
      phase: state.phase,
      message: state.message,
      hostIP,
      hostIPs: [{ ip: hostIP }],
      ...(state.podIP !== '' && { podIP: state.podIP, podIPs: [{ ip: state.podIP }] }),
      startTime,
      conditions: [
        condition('PodScheduled', true),
        condition('Initialized', state.phase !== 'Pending'),
        condition('ContainersReady', ready),
        condition('Ready', ready),
      ],
      initContainerStatuses: all.filter(isFirst),
      containerStatuses: containers,
    }
  }

  const tell = async (): Promise<void> => {
    for (;;) {
      const status = statusNow()
      const text = JSON.stringify(status)
      if (text === told) return
      try {
        await api.patch(path, { metadata: { uid: pod.metadata.uid }, status })
        told = text
      } catch {
        // It is gone, or the API server is away: the next change is told.
        return
      }
    }
  }

  return (): void => {
    telling ??= tell().finally(() => (telling = undefined))
  }
}
