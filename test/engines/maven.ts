import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { needProgram } from './debian.ts'
import { runCommand } from './run-command.ts'

/** The version that a pom pins, from its property. */
export function pinnedVersion(pom: string, property: string): string {
  const [, version] = new RegExp(`<${property}>([^<]+)</${property}>`).exec(readFileSync(pom, 'utf8')) ?? []
  if (version === undefined) throw new Error(`${pom} has no <${property}>`)
  return version
}

/** Names what a folder's files make: changes with any of them. */
export function fingerprint(folder: string): string {
  const hash = createHash('sha256')
  for (const file of readdirSync(folder).toSorted()) hash.update(file).update(readFileSync(join(folder, file)))
  return hash.digest('hex').slice(0, 8)
}

/**
 * Copies the jars that a pom needs at run time into `folder`; installs Maven and a JDK first where they are missing.
 *
 * @param properties win over those of the pom.
 */
export async function copyJars(pom: string, folder: string, properties: Readonly<Record<string, string>> = {}): Promise<void> {
  await needProgram('javac', ['default-jdk-headless'])
  await needProgram('mvn', ['maven'])
  const settings = Object.entries({ ...properties, outputDirectory: folder }).map(([name, value]) => `-D${name}=${value}`)
  await runCommand('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', ...settings])
}

/** A JVM that starts fast rather than runs fast: tests start many and keep none busy. */
export const javaOptions = (heap: string): readonly string[] => [
  `-Xms${heap}`,
  `-Xmx${heap}`,
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-Xshare:auto',
]
