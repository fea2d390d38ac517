/** The chosen pods, whole: their state, their network. */
export const POD = 'cluster="$cluster",namespace="$namespace",pod=~"$pod"'

/** Their chosen containers, as kube-state-metrics names them. */
export const POD_CONTAINERS = `${POD},container=~"$container"`

/** The same of cAdvisor, which also has series of the pod as a whole (no container) and, under Docker, of what holds its network (POD). */
export const CONTAINERS = `${POD_CONTAINERS},container!="",container!="POD"`

/** One series per container, also where two jobs scrape kube-state-metrics. */
export const perContainer = (series: string): string => `max by (pod, container) (${series})`
