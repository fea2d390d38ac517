import { jsonAt, listAt, numberAt, textAt, type Json } from './json.ts'
import { readController, readMeta, type Controller, type ObjectMeta } from './object-meta.ts'

export type ContainerPort = { readonly name: string; readonly number: number; readonly protocol: string }

export type Container = {
  readonly name: string
  readonly image: string
  /** `<runtime>://<id>`; '' before it was made. */
  readonly id: string
  readonly isInit: boolean
  readonly ports: readonly ContainerPort[]
}

export type Pod = ObjectMeta & {
  readonly kind: 'pods'
  readonly nodeName: string
  readonly hostIp: string
  /** '' while it starts or after it was evicted. */
  readonly podIp: string
  readonly phase: string
  /** true, false or unknown. */
  readonly ready: string
  readonly controller: Controller | undefined
  /** Init containers come last. */
  readonly containers: readonly Container[]
}

/** @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ */
export function readPod(object: Json): Pod {
  const spec = jsonAt(object, 'spec')
  const status = jsonAt(object, 'status')
  const ready = listAt(status, 'conditions').find(({ type }) => type === 'Ready')
  return {
    kind: 'pods',
    ...readMeta(object),
    nodeName: textAt(spec, 'nodeName'),
    hostIp: textAt(status, 'hostIP'),
    podIp: textAt(status, 'podIP'),
    phase: textAt(status, 'phase'),
    ready: (ready === undefined ? 'unknown' : textAt(ready, 'status')).toLowerCase(),
    controller: readController(object),
    containers: [
      ...readContainers(listAt(spec, 'containers'), listAt(status, 'containerStatuses'), false),
      ...readContainers(listAt(spec, 'initContainers'), listAt(status, 'initContainerStatuses'), true),
    ],
  }
}

const readContainers = (containers: readonly Json[], statuses: readonly Json[], isInit: boolean): readonly Container[] =>
  containers.map((container) => {
    const name = textAt(container, 'name')
    const status = statuses.find((one) => one['name'] === name)
    return {
      name,
      image: textAt(container, 'image'),
      id: status === undefined ? '' : textAt(status, 'containerID'),
      isInit,
      ports: listAt(container, 'ports').map((port) => ({
        name: textAt(port, 'name'),
        number: numberAt(port, 'containerPort') ?? 0,
        protocol: textAt(port, 'protocol'),
      })),
    }
  })
