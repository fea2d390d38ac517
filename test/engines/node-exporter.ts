import { existsSync } from 'node:fs'

import { freePort } from '@clymene/runtime/testing'

import { makeDataDirectory } from './data-directory.ts'
import { packageFile, unpackPackage } from './debian.ts'
import { answers, type Engine, startEngine } from './engine.ts'

export type NodeExporterOptions = {
  /** From `freePort()`, when something has to know the address before the start; default a free one. */
  readonly port?: number
  /** Further arguments of the command line. */
  readonly args?: readonly string[]
}

export const nodeExporterProgram = packageFile('prometheus-node-exporter', 'usr/bin/prometheus-node-exporter')

export const isNodeExporterInstalled = (): boolean => existsSync(nodeExporterProgram)
export const installNodeExporter = (): Promise<void> => unpackPackage('prometheus-node-exporter')

/** This machine's metrics under `${url}/metrics`. */
export async function startNodeExporter({ args = [], ...options }: NodeExporterOptions = {}): Promise<Engine> {
  const port = options.port ?? (await freePort())
  return startEngine({
    name: 'node-exporter',
    url: `http://127.0.0.1:${port}`,
    directory: makeDataDirectory('node-exporter'),
    command: nodeExporterProgram,
    args: [`--web.listen-address=127.0.0.1:${port}`, '--log.level=warn', ...args],
    isReady: answers(`http://127.0.0.1:${port}/`),
  })
}
