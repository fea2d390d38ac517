import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { freePort } from '@clymene/runtime/testing'

import { makeDataDirectory } from './data-directory.ts'
import { packageFile, unpackPackage } from './debian.ts'
import { answers, type Engine, startEngine } from './engine.ts'

export type VmagentOptions = {
  /** Its scrape configuration, as Prometheus has it. */
  readonly configuration: Readonly<Record<string, unknown>>
  /** Where it sends what it scraped. */
  readonly remoteWriteUrl: string
  /** Further arguments of the command line. */
  readonly args?: readonly string[]
}

export const vmagentProgram = packageFile('victoria-metrics', 'usr/bin/vmagent')

export const isVmagentInstalled = (): boolean => existsSync(vmagentProgram)
export const installVmagent = (): Promise<void> => unpackPackage('victoria-metrics')

/** vmagent of VictoriaMetrics 1.79, Debian's. */
export async function startVmagent({ configuration, remoteWriteUrl, args = [] }: VmagentOptions): Promise<Engine> {
  const directory = makeDataDirectory('vmagent')
  const port = await freePort()
  // JSON is YAML: no library needed to write it.
  writeFileSync(join(directory, 'scrape.yml'), JSON.stringify(configuration))
  return startEngine({
    name: 'vmagent',
    url: `http://127.0.0.1:${port}`,
    directory,
    command: vmagentProgram,
    args: [
      `-promscrape.config=${join(directory, 'scrape.yml')}`,
      `-remoteWrite.url=${remoteWriteUrl}`,
      `-remoteWrite.tmpDataPath=${join(directory, 'data')}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      '-loggerLevel=WARN',
      ...args,
    ],
    isReady: answers(`http://127.0.0.1:${port}/health`),
  })
}
