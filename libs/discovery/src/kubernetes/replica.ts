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
  /** A list in pages begins; one that was begun before is forgotten. */
  readonly beginList: () => void
  /** Takes an object of a page: it is compared now, because ten thousand at the end would hold up everybody. */
  readonly listed: (object: KubernetesObject) => void
  /** The list is whole and takes the place of everything. Gives the same as `take`. */
  readonly endList: (version: string) => readonly string[]
}

/** The server sends no end of a list: it does not know streaming lists. */
export class NoStreamingList extends Error {
  override readonly name = 'NoStreamingList'
}

type List = { readonly objects: Map<string, KubernetesObject>; readonly news: Set<string> }

const emptyList = (): List => ({ objects: new Map(), news: new Set() })

export function createReplica(): Replica {
  const store = createObjectStore()
  let synced = false
  let version = ''
  /** A list takes the place of the old one only when it is whole; what differs is known by then. */
  let list: List | undefined

  const end = ({ objects, news }: List, reached: string): readonly string[] => {
    version = reached
    synced = true
    list = undefined
    return [...news, ...store.replace(objects)]
  }

  const keep = ({ objects, news }: List, object: KubernetesObject): void => {
    objects.set(object.key, object)
    if (store.isNews(object)) news.add(object.key)
    else news.delete(object.key)
  }

  const collect = (event: WatchEvent, collected: List): readonly string[] => {
    switch (event.type) {
      case 'ADDED':
      case 'MODIFIED':
        keep(collected, event.object)
        return []
      case 'DELETED':
        collected.objects.delete(event.object.key)
        collected.news.delete(event.object.key)
        return []
      case 'BOOKMARK':
        if (!event.isInitialEnd) throw new NoStreamingList()
        return end(collected, event.version)
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
      list = version === '' ? emptyList() : undefined
    },
    isListing: () => list !== undefined,
    take: (event) => (list === undefined ? apply(event) : collect(event, list)),
    beginList: () => {
      list = emptyList()
    },
    listed: (object) => {
      if (list !== undefined) keep(list, object)
    },
    endList: (reached) => (list === undefined ? [] : end(list, reached)),
  }
}
