import type { Api } from '../api.ts'
import type { Image } from '../images.ts'
import type { ConfigMap, Container, EnvironmentVariable, KeyReference, Pod, Secret, Service } from '../objects.ts'
import { fieldOf, resourceOf } from './fields.ts'

export type EnvironmentOptions = {
  readonly api: Api
  readonly pod: Pod
  readonly container: Container
  readonly image: Image
  readonly podIP: string
  readonly hostIP: string
  readonly hostname: string
  readonly services: Iterable<Service>
}

/** The variables a container starts with: of the image, of the cluster's Services, its own. @throws a reference that leads nowhere */
export async function environmentOf(options: EnvironmentOptions): Promise<Map<string, string>> {
  const { api, pod, container, image, hostname } = options
  const namespace = pod.metadata.namespace ?? ''
  const variables = new Map<string, string>([
    ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    ['HOSTNAME', hostname],
    ...Object.entries(image.environment ?? {}),
    ...serviceVariables(options),
  ])
  const configMap = (name: string) => api.get<ConfigMap>(`/api/v1/namespaces/${namespace}/configmaps/${name}`)
  const secret = (name: string) => api.get<Secret>(`/api/v1/namespaces/${namespace}/secrets/${name}`)
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    if (configMapRef !== undefined)
      for (const [key, value] of Object.entries((await configMap(configMapRef.name)).data ?? {})) variables.set(prefix + key, value)
    if (secretRef !== undefined)
      for (const [key, value] of Object.entries((await secret(secretRef.name)).data ?? {})) variables.set(prefix + key, decoded(value))
  }

  const keyOf = async ({ name, key, optional }: KeyReference, read: () => Promise<Readonly<Record<string, string>> | undefined>) => {
    const value = (await read().catch(() => undefined))?.[key]
    if (value === undefined && optional !== true) throw new Error(`no key ${key} in ${name}`)
    return value
  }
  const valueOf = async ({ name, value, valueFrom }: EnvironmentVariable): Promise<string | undefined> => {
    if (valueFrom === undefined) return expand(value ?? '', variables)
    const { fieldRef, configMapKeyRef, secretKeyRef, resourceFieldRef } = valueFrom
    if (fieldRef !== undefined) return fieldOf(pod, fieldRef.fieldPath, options.podIP, options.hostIP)
    if (resourceFieldRef !== undefined) return resourceOf(container, resourceFieldRef.resource, resourceFieldRef.divisor)
    if (configMapKeyRef !== undefined) return keyOf(configMapKeyRef, async () => (await configMap(configMapKeyRef.name)).data)
    if (secretKeyRef === undefined) throw new Error(`variable ${name} comes from nothing that is known here`)
    const encoded = await keyOf(secretKeyRef, async () => (await secret(secretKeyRef.name)).data)
    return encoded === undefined ? undefined : decoded(encoded)
  }
  for (const variable of container.env ?? []) {
    const value = await valueOf(variable)
    if (value !== undefined) variables.set(variable.name, value)
  }
  return variables
}

/** `$(NAME)` is replaced where there is such a variable; `$$(NAME)` is `$(NAME)`. */
export const expand = (text: string, variables: ReadonlyMap<string, string>): string =>
  text.replaceAll(/\$\$|\$\(([^()]+)\)/g, (found, name: string | undefined) => (name === undefined ? '$' : (variables.get(name) ?? found)))

/** Those of Service `kubernetes` always, those of the pod's namespace unless it does without (`enableServiceLinks`). */
function* serviceVariables({ pod, services }: EnvironmentOptions): Generator<[string, string]> {
  for (const { metadata, spec } of services) {
    const isMaster = metadata.namespace === 'default' && metadata.name === 'kubernetes'
    const isLinked = metadata.namespace === pod.metadata.namespace && pod.spec.enableServiceLinks !== false
    const { clusterIP, ports = [] } = spec
    const [first] = ports
    if ((!isMaster && !isLinked) || clusterIP === undefined || clusterIP === 'None' || first === undefined) continue
    const name = metadata.name.toUpperCase().replaceAll('-', '_')
    yield [`${name}_SERVICE_HOST`, clusterIP]
    yield [`${name}_SERVICE_PORT`, String(first.port)]
    yield [`${name}_PORT`, `tcp://${clusterIP}:${first.port}`]
    for (const { name: portName, port } of ports) {
      if (portName !== undefined) yield [`${name}_SERVICE_PORT_${portName.toUpperCase().replaceAll('-', '_')}`, String(port)]
      yield [`${name}_PORT_${port}_TCP`, `tcp://${clusterIP}:${port}`]
      yield [`${name}_PORT_${port}_TCP_PROTO`, 'tcp']
      yield [`${name}_PORT_${port}_TCP_PORT`, String(port)]
      yield [`${name}_PORT_${port}_TCP_ADDR`, clusterIP]
    }
  }
}

const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString()
