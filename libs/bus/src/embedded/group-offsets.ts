import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

import { syncDirectory } from './durable-file.ts'
import { fromPathName, toPathName } from './path-name.ts'
import { readUInt64, writeUInt64 } from './record.ts'
import { createSegmentFile, type OpenLogFile, type SegmentFile } from './segment-file.ts'

/** Where groups stand, one small file for each group, topic and partition: `<group>/<topic>-<partition>.offset`. */
export type GroupOffsets = {
  /** Offset of the next record that the group wants; undefined when it never came here. */
  readonly committed: (group: string, topic: string, partition: number) => number | undefined
  /** Durable when it resolves (with `syncCommits`); one call at a time for one partition. */
  readonly commit: (group: string, topic: string, partition: number, offset: number) => Promise<void>
  /** The groups that came to the topic. */
  readonly groups: (topic: string) => readonly string[]
  /** When the group last committed something in the topic, milliseconds since the epoch. */
  readonly lastCommitMs: (group: string, topic: string) => number
  readonly forget: (group: string, topic: string) => Promise<void>
  readonly sync: () => Promise<void>
  readonly close: () => Promise<void>
}

/*
 * A file has two slots, at 0 and 4096, written in turn: a torn write leaves the other one. The valid slot with the higher turn counts.
 *
 *    0  u32  CRC-32 of the 16 bytes that follow
 *    4  u64  turn
 *   12  u64  offset
 */
const SLOT_BYTES = 20
const SLOT_DISTANCE = 4096

type Stand = { readonly file: SegmentFile; turn: number; offset: number; committedMs: number; unsynced: boolean }

export async function openGroupOffsets(
  directory: string,
  options: { readonly syncCommits: boolean; readonly open: OpenLogFile; readonly now: () => number },
): Promise<GroupOffsets> {
  /** Topic → group → stands by partition. */
  const topics = new Map<string, Map<string, Map<number, Stand>>>()
  const partitionsOf = (group: string, topic: string): Map<number, Stand> => {
    const groups = getOrAdd(topics, topic, () => new Map<string, Map<number, Stand>>())
    return getOrAdd(groups, group, () => new Map<number, Stand>())
  }
  for (const groupName of await readdir(directory)) {
    const group = fromPathName(groupName)
    if (group === undefined) continue
    for (const name of await readdir(join(directory, groupName))) {
      const [, topicName = '', partition] = /^(.+)-(\d+)\.offset$/.exec(name) ?? []
      const topic = fromPathName(topicName)
      if (topic === undefined) continue
      const file = createSegmentFile(join(directory, groupName, name), options.open)
      const stand = await readStand(file)
      if (stand !== undefined) partitionsOf(group, topic).set(Number(partition), stand)
      // Made, but nothing committed before the crash: the group is still new.
      else await file.remove()
    }
  }
  const create = async (group: string, topic: string, partition: number): Promise<Stand> => {
    const groupDirectory = join(directory, toPathName(group))
    const path = join(groupDirectory, `${toPathName(topic)}-${partition}.offset`)
    await mkdir(groupDirectory, { recursive: true })
    const file = createSegmentFile(path, options.open)
    try {
      await file.write([Buffer.alloc(SLOT_DISTANCE + SLOT_BYTES)], 0)
      await file.sync()
      await syncDirectory(groupDirectory)
      await syncDirectory(directory)
    } catch (error) {
      await file.remove()
      throw error
    }
    return { file, turn: 0, offset: 0, committedMs: 0, unsynced: false }
  }
  const stands = (): readonly Stand[] =>
    [...topics.values()].flatMap((groups) => [...groups.values()].flatMap((partitions) => [...partitions.values()]))
  const sync = async (): Promise<void> => {
    for (const stand of stands()) {
      if (!stand.unsynced) continue
      stand.unsynced = false
      await stand.file.sync()
    }
  }
  return {
    committed: (group, topic, partition) => topics.get(topic)?.get(group)?.get(partition)?.offset,
    commit: async (group, topic, partition, offset) => {
      const known = topics.get(topic)?.get(group)?.get(partition)
      const stand = known ?? (await create(group, topic, partition))
      if (known === undefined) partitionsOf(group, topic).set(partition, stand)
      const turn = stand.turn + 1
      await stand.file.write([encodeSlot(turn, offset)], (turn % 2) * SLOT_DISTANCE)
      if (options.syncCommits) await stand.file.sync()
      else stand.unsynced = true
      stand.turn = turn
      stand.offset = offset
      stand.committedMs = options.now()
    },
    groups: (topic) => [...(topics.get(topic)?.keys() ?? [])],
    lastCommitMs: (group, topic) => Math.max(0, ...[...(topics.get(topic)?.get(group)?.values() ?? [])].map((stand) => stand.committedMs)),
    forget: async (group, topic) => {
      const partitions = topics.get(topic)?.get(group)
      topics.get(topic)?.delete(group)
      for (const { file } of partitions?.values() ?? []) await file.remove()
    },
    sync,
    close: async () => {
      try {
        await sync()
      } finally {
        for (const { file } of stands()) await file.close()
      }
    },
  }
}

async function readStand(file: SegmentFile): Promise<Stand | undefined> {
  const bytes = await file.read(0, SLOT_DISTANCE + SLOT_BYTES)
  const { modifiedMs } = await file.stat()
  const slots = [0, SLOT_DISTANCE].flatMap((at) => decodeSlot(bytes.subarray(at, at + SLOT_BYTES)))
  const newest = slots.toSorted((a, b) => b.turn - a.turn)[0]
  return newest === undefined ? undefined : { file, ...newest, committedMs: modifiedMs, unsynced: false }
}

function encodeSlot(turn: number, offset: number): Buffer {
  const slot = Buffer.alloc(SLOT_BYTES)
  writeUInt64(slot, turn, 4)
  writeUInt64(slot, offset, 12)
  slot.writeUInt32BE(crc32(slot.subarray(4)), 0)
  return slot
}

/** Turn 0 is the empty slot of a new file. */
function decodeSlot(slot: Buffer): { readonly turn: number; readonly offset: number }[] {
  if (slot.length < SLOT_BYTES || crc32(slot.subarray(4)) !== slot.readUInt32BE(0)) return []
  const turn = readUInt64(slot, 4)
  return turn === 0 ? [] : [{ turn, offset: readUInt64(slot, 12) }]
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
