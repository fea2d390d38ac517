/** The fields of Kubernetes' objects that the stand-ins read, named as the API has them. */
export type Metadata = {
  readonly name: string
  readonly namespace?: string
  readonly uid: string
  readonly resourceVersion?: string
  readonly creationTimestamp: string
  readonly deletionTimestamp?: string
  readonly deletionGracePeriodSeconds?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly controller?: boolean }[]
}

export type KubernetesObject = { readonly metadata: Metadata }

export type KeyReference = { readonly name: string; readonly key: string; readonly optional?: boolean }

export type EnvironmentVariable = {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string }
    readonly configMapKeyRef?: KeyReference
    readonly secretKeyRef?: KeyReference
    readonly resourceFieldRef?: { readonly resource: string; readonly containerName?: string; readonly divisor?: string }
  }
}

export type SecurityContext = {
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly runAsNonRoot?: boolean
  readonly fsGroup?: number
  readonly supplementalGroups?: readonly number[]
  readonly readOnlyRootFilesystem?: boolean
  readonly allowPrivilegeEscalation?: boolean
  readonly privileged?: boolean
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] }
}

export type Probe = {
  readonly httpGet?: { readonly path?: string; readonly port: number | string; readonly scheme?: string }
  readonly tcpSocket?: { readonly port: number | string }
  readonly initialDelaySeconds?: number
  readonly periodSeconds?: number
  readonly timeoutSeconds?: number
  readonly failureThreshold?: number
}

export type Container = {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly workingDir?: string
  readonly env?: readonly EnvironmentVariable[]
  readonly envFrom?: readonly {
    readonly prefix?: string
    readonly configMapRef?: { name: string }
    readonly secretRef?: { name: string }
  }[]
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly protocol?: string }[]
  readonly resources?: { readonly requests?: Readonly<Record<string, string>>; readonly limits?: Readonly<Record<string, string>> }
  readonly volumeMounts?: readonly {
    readonly name: string
    readonly mountPath: string
    readonly readOnly?: boolean
    readonly subPath?: string
  }[]
  readonly securityContext?: SecurityContext
  readonly livenessProbe?: Probe
  readonly readinessProbe?: Probe
  readonly startupProbe?: Probe
  readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds: number } } }
}

export type KeyToPath = { readonly key: string; readonly path: string }
export type FieldFile = { readonly path: string; readonly fieldRef?: { readonly fieldPath: string } }

export type Projection = {
  readonly configMap?: { readonly name: string; readonly items?: readonly KeyToPath[]; readonly optional?: boolean }
  readonly secret?: { readonly name: string; readonly items?: readonly KeyToPath[]; readonly optional?: boolean }
  readonly serviceAccountToken?: { readonly path: string; readonly expirationSeconds?: number; readonly audience?: string }
  readonly downwardAPI?: { readonly items: readonly FieldFile[] }
}

export type Volume = {
  readonly name: string
  readonly configMap?: Projection['configMap'] & { readonly defaultMode?: number }
  readonly secret?: {
    readonly secretName: string
    readonly items?: readonly KeyToPath[]
    readonly optional?: boolean
    readonly defaultMode?: number
  }
  readonly projected?: { readonly sources: readonly Projection[]; readonly defaultMode?: number }
  readonly downwardAPI?: { readonly items: readonly FieldFile[]; readonly defaultMode?: number }
  readonly emptyDir?: object
  readonly hostPath?: { readonly path: string; readonly type?: string }
  readonly persistentVolumeClaim?: { readonly claimName: string }
}

export type Toleration = { readonly key?: string; readonly operator?: string; readonly value?: string; readonly effect?: string }

export type ContainerStatus = {
  readonly name: string
  readonly image: string
  readonly imageID: string
  readonly containerID?: string
  readonly ready: boolean
  readonly started: boolean
  readonly restartCount: number
  readonly state: Readonly<Record<string, unknown>>
  readonly lastState: Readonly<Record<string, unknown>>
}

export type Pod = KubernetesObject & {
  readonly spec: {
    readonly nodeName?: string
    readonly serviceAccountName?: string
    readonly hostNetwork?: boolean
    readonly hostPID?: boolean
    readonly hostname?: string
    readonly subdomain?: string
    readonly dnsPolicy?: string
    readonly enableServiceLinks?: boolean
    readonly restartPolicy?: string
    readonly terminationGracePeriodSeconds?: number
    readonly priorityClassName?: string
    readonly securityContext?: SecurityContext
    readonly nodeSelector?: Readonly<Record<string, string>>
    readonly affinity?: {
      readonly nodeAffinity?: {
        readonly requiredDuringSchedulingIgnoredDuringExecution?: {
          readonly nodeSelectorTerms: readonly {
            readonly matchFields?: readonly { readonly key: string; readonly operator: string; readonly values: readonly string[] }[]
          }[]
        }
      }
    }
    readonly tolerations?: readonly Toleration[]
    readonly initContainers?: readonly Container[]
    readonly containers: readonly Container[]
    readonly volumes?: readonly Volume[]
  }
  readonly status: {
    readonly phase?: string
    readonly podIP?: string
    readonly hostIP?: string
    readonly startTime?: string
    readonly qosClass?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly ContainerStatus[]
  }
}

export type Taint = { readonly key: string; readonly value?: string; readonly effect: string }

export type Node = KubernetesObject & {
  readonly spec: { readonly taints?: readonly Taint[]; readonly unschedulable?: boolean; readonly podCIDR?: string }
  readonly status: {
    readonly capacity?: Readonly<Record<string, string>>
    readonly allocatable?: Readonly<Record<string, string>>
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly nodeInfo?: Readonly<Record<string, string>>
    readonly addresses?: readonly { readonly type: string; readonly address: string }[]
  }
}

export type Service = KubernetesObject & {
  readonly spec: {
    readonly type?: string
    readonly clusterIP?: string
    readonly ports?: readonly { readonly name?: string; readonly port: number; readonly nodePort?: number; readonly protocol?: string }[]
  }
}

export type Endpoint = {
  readonly addresses: readonly string[]
  readonly hostname?: string
  readonly conditions?: { readonly ready?: boolean }
}

export type EndpointSlice = KubernetesObject & {
  /** null where there are none. */
  readonly endpoints: readonly Endpoint[] | null
  readonly ports: readonly { readonly name?: string; readonly port: number }[] | null
}

export type ConfigMap = KubernetesObject & {
  readonly data?: Readonly<Record<string, string>>
  readonly binaryData?: Readonly<Record<string, string>>
}
export type Secret = KubernetesObject & { readonly data?: Readonly<Record<string, string>> }
