/** The chosen pods, whole: their state, their network. */
export const POD = 'cluster="$cluster",namespace="$namespace",pod=~"$pod"'

/** Their chosen containers, as kube-state-metrics names them. */
export const POD_CONTAINERS = `${POD},container=~"$container"`

/** The same of cAdvisor, which also has series of the pod as a whole (no container) and, under Docker, of what holds its network (POD). */
export const CONTAINERS = `${POD_CONTAINERS},container!="",container!="POD"`

/**
 * One series per container, also where two jobs scrape an exporter, two replicas of kube-state-metrics answer, the pod is there anew under
 * its name, or cAdvisor still lists a container that was replaced: what is seen twice is one all the same, so it is no sum.
 */
export const perContainer = (series: string): string => `max by (pod, container) (${series})`

/** Events of these pods, as the agent's `--events.kubernetes` makes them; the name of the object is structured metadata. */
export const POD_EVENTS = 'cluster="$cluster",namespace="$namespace",kind="Pod",job="kubernetes-events"'
export const ABOUT_POD = '| name=~"$pod"'

/** Pods by what made them: a Deployment's are made by ReplicaSets, whose names are its own and a hash of these letters. */
export const HASH = '-[bcdfghjklmnpqrstvwxz2456789]{6,10}'
