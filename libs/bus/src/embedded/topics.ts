import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

import type { Logger } from '@clymene/model'

import type { Appender } from './appender.ts'
import { syncDirectory } from './durable-file.ts'
import { fromPathName, toPathName } from './path-name.ts'

export type Topic = {
  readonly name: string
  readonly partitions: readonly Appender[]
  /** The partition that takes the messages of the key, always the same one. */
  readonly partitionOf: (key: string) => Appender
}

export type Topics = {
  /** The topic of that name; makes it when it is not there. */
  readonly open: (name: string) => Promise<Topic>
  readonly appenders: () => readonly Appender[]
}

export type TopicsOptions = {
  /** One directory for each topic, in it one for each partition. */
  readonly directory: string
  /** Partitions of a topic that is made: one that is there keeps its own, for a key must stay in its partition. */
  readonly partitions: number
  readonly openPartition: (topic: string, partition: number, directory: string) => Promise<Appender>
  readonly logger: Logger
}

const UNFINISHED = '.new'

export async function openTopics({ directory, partitions, openPartition, logger }: TopicsOptions): Promise<Topics> {
  const topics = new Map<string, Promise<Topic>>()
  const appenders: Appender[] = []

  const openTopic = async (name: string): Promise<Topic> => {
    const path = join(directory, toPathName(name))
    const found = (await readdir(path)).filter((entry) => /^\d+$/.test(entry)).length
    if (found !== partitions)
      logger.warn('the topic keeps the number of partitions that it was made with', { topic: name, partitions: found, wanted: partitions })
    const opened: Appender[] = []
    try {
      for (let partition = 0; partition < found; partition++)
        opened.push(await openPartition(name, partition, join(path, String(partition))))
    } catch (error) {
      for (const { log } of opened) await log.close()
      throw error
    }
    appenders.push(...opened)
    return { name, partitions: opened, partitionOf: (key) => partitionOf(key, opened) }
  }
  // Made under another name and renamed: a crash never leaves a topic with some of its partitions.
  const create = async (name: string): Promise<Topic> => {
    const path = join(directory, toPathName(name))
    // An attempt before came so far, and then there was no room for a segment.
    if (existsSync(path)) return openTopic(name)
    await rm(`${path}${UNFINISHED}`, { recursive: true, force: true })
    for (let partition = 0; partition < partitions; partition++)
      await mkdir(join(`${path}${UNFINISHED}`, String(partition)), { recursive: true })
    await syncDirectory(`${path}${UNFINISHED}`)
    await rename(`${path}${UNFINISHED}`, path)
    await syncDirectory(directory)
    return openTopic(name)
  }
  const open = (name: string): Promise<Topic> => {
    const known = topics.get(name)
    if (known !== undefined) return known
    const made = create(name)
    topics.set(name, made)
    // A full disk may have room later: the next caller tries again.
    made.catch(() => topics.delete(name))
    return made
  }
  try {
    for (const entry of await readdir(directory)) {
      const name = fromPathName(entry)
      if (name === undefined) continue
      const topic = await openTopic(name)
      topics.set(name, Promise.resolve(topic))
    }
  } catch (error) {
    for (const { log } of appenders) await log.close()
    throw error
  }
  return { open, appenders: () => appenders }
}

function partitionOf(key: string, partitions: readonly Appender[]): Appender {
  const appender = partitions[crc32(key) % partitions.length]
  if (appender === undefined) throw new Error('a topic without partitions')
  return appender
}
