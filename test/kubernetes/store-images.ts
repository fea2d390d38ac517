import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import {
  elasticsearchClassArchive,
  elasticsearchClassPath,
  elasticsearchHome,
  isElasticsearchInstalled,
  layOutElasticsearch,
} from '../engines/elasticsearch.ts'
import { isKafkaInstalled, kafkaClassArchive, kafkaClasses } from '../engines/kafka.ts'
import type { Image, Images } from './images.ts'

const entrypoints = join(import.meta.dirname, 'entrypoints')
const here = (path: string) => ({ from: path, to: path })

/** Kafka and Elasticsearch, by the jars of test/engines at the very paths that their archives of classes know them by; none that is not installed. */
export function makeStoreImages(directory: string, node: Image['files'][number]): Images {
  return {
    ...(isKafkaInstalled() && { 'apache/kafka': kafkaImage(join(directory, 'kafka')) }),
    ...(isElasticsearchInstalled() && { 'elasticsearch/elasticsearch': elasticsearchImage(join(directory, 'elasticsearch'), node) }),
  }
}

/** What Debian's java reads beside /usr/lib/jvm. */
const javaSettings = () =>
  readdirSync('/etc')
    .filter((name) => name.startsWith('java-'))
    .map((name) => here(join('/etc', name)))

function kafkaImage(directory: string): Image {
  mkdirSync(directory, { recursive: true })
  // Settings that the image has as well; of log4j's nothing is read here.
  for (const name of ['log4j2.yaml', 'tools-log4j2.yaml']) writeFileSync(join(directory, name), LOG4J)
  return {
    files: [
      ...javaSettings(),
      here(kafkaClasses),
      ...(existsSync(kafkaClassArchive) ? [here(kafkaClassArchive)] : []),
      { from: directory, to: '/etc/kafka/docker' },
      { from: join(entrypoints, 'kafka.sh'), to: '/opt/kafka/run' },
    ],
    entrypoint: ['sh', '/opt/kafka/run'],
    environment: { CLASSES: kafkaClasses, CLASS_ARCHIVE: kafkaClassArchive },
    user: 1000,
    group: 1000,
    folders: ['/opt/kafka/config', '/opt/kafka/logs', '/var/lib/kafka/data', '/mnt/shared/config'],
  }
}

const LOG4J = `Configuration:
  Loggers:
    Root: { level: INFO }
    Logger: []
`

function elasticsearchImage(directory: string, node: Image['files'][number]): Image {
  mkdirSync(directory, { recursive: true })
  layOutElasticsearch(directory)
  return {
    files: [
      ...javaSettings(),
      node,
      here(elasticsearchHome),
      { from: entrypoints, to: '/opt/entrypoints' },
      { from: directory, to: '/usr/share/elasticsearch' },
    ],
    entrypoint: ['node', '/opt/entrypoints/elasticsearch.ts'],
    environment: { CLASS_PATH: elasticsearchClassPath(), CLASS_ARCHIVE: elasticsearchClassArchive, JAVA: '/usr/bin/java' },
    user: 1000,
    group: 0,
    directory: '/usr/share/elasticsearch',
  }
}
