import { join } from 'node:path'

import { kafkaClasses } from './kafka.ts'
import { javaOptions } from './maven.ts'
import { runCommand } from './run-command.ts'

const PATIENCE_MS = 30_000

/**
 * Values of the first `count` messages of the topics whose names match, a line each, as Kafka's own client reads them: it checks what
 * ours wrote without a line of our code. Takes a JVM, two CPU-seconds.
 */
export async function readByConsole(bootstrap: string, topics: RegExp, count: number): Promise<readonly string[]> {
  const output = await runCommand('java', [
    ...javaOptions('96m'),
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
    '-cp',
    join(kafkaClasses, '*'),
    'org.apache.kafka.tools.consumer.ConsoleConsumer',
    '--from-beginning',
    `--bootstrap-server=${bootstrap}`,
    `--include=${topics.source}`,
    `--max-messages=${count}`,
    `--timeout-ms=${PATIENCE_MS}`,
  ])
  return output.trimEnd().split('\n')
}
