import { createObjectStore } from './object-store.ts'
import type { KubernetesObject } from './resources.ts'
import type { WatchEvent } from './watch-events.ts'

/** What is known of the server, and up to which version. */
export type Replica = {
  readonly objects: () => ReadonlyMap<string, KubernetesObject>
  /** Whether everything was listed once. */
  readonly synced: () => boolean
  /** The version reached; '' when everything has to be listed. */
  readonly version: () => string
  /** Everything has to be listed anew; what is known stays until then. */
  readonly expire: () => void
  /** A watch begins: a streaming list where there is no version. */
  readonly beginWatch: () => void
  /** Whether the watch has not come to the end of its list yet. */
  readonly isListing: () => boolean
  /** Takes an event of that watch. Gives the keys of what labels would show differently. @throws NoStreamingList */
  readonly take: (event: WatchEvent) => readonly string[]
  /** Takes a whole list in place of everything, and gives the same. */
  readonly replace: (objects: Map<string, KubernetesObject>, version: string) => readonly string[]
}

/** The server sends no end of a list: it does not know streaming lists. */
export class NoStreamingList extends Error {
  override readonly name = 'NoStreamingList'
}

export function createReplica(): Replica {
  const store = createObjectStore()
  let synced = false
  let version = ''
  /** A streaming list takes the place of the old one only when it is whole. */
  let list: Map<string, KubernetesObject> | undefined

  const replace = (objects: Map<string, KubernetesObject>, reached: string): readonly string[] => {
    version = reached
    synced = true
    list = undefined
    return store.replace(objects)
  }

  const collect = (event: WatchEvent, objects: Map<string, KubernetesObject>): readonly string[] => {
    switch (event.type) {
      case 'ADDED':
      case 'MODIFIED':
        objects.set(event.object.key, event.object)
        return []
      case 'DELETED':
        objects.delete(event.object.key)
        return []
      case 'BOOKMARK':
        if (!event.isInitialEnd) throw new NoStreamingList()
        return replace(objects, event.version)
      case 'TOO LARGE':
        return []
      default:
        return event satisfies never
    }
  }

  const apply = (event: WatchEvent): readonly string[] => {
    switch (event.type) {
      case 'ADDED':
      case 'MODIFIED':
        version = event.object.version
        return store.put(event.object) ? [event.object.key] : []
      case 'DELETED':
        version = event.object.version
        return store.remove(event.object.key) ? [event.object.key] : []
      case 'BOOKMARK':
        version = event.version
        return []
      case 'TOO LARGE':
        return []
      default:
        return event satisfies never
    }
  }

  return {
    objects: store.objects,
    synced: () => synced,
    version: () => version,
    expire: () => {
      version = ''
    },
    beginWatch: () => {
      list = version === '' ? new Map() : undefined
    },
    isListing: () => list !== undefined,
    take: (event) => (list === undefined ? apply(event) : collect(event, list)),
    replace,
  }
}
