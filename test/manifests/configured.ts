import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { agentCommand, promtailCommand } from '@clymene/agent'
import { gatewayCommand, promtailGatewayCommand } from '@clymene/gateway'
import { ingesterCommand, promtailIngesterCommand } from '@clymene/ingester'
import { ConfigError } from '@clymene/model'
import { environmentName, type Command } from '@clymene/runtime'

import type { Manifest } from './manifest-files.ts'
import { containers, isOurs, ofKind } from './pods.ts'

/** What runs in each of our containers, by its name. */
const COMMANDS: Readonly<Record<string, Command>> = {
  agent: agentCommand,
  events: agentCommand,
  'promtail-container': promtailCommand,
  gateway: gatewayCommand,
  'promtail-gateway': promtailGatewayCommand,
  ingester: ingesterCommand,
  'promtail-ingester': promtailIngesterCommand,
}

export const variablesOfContainer = (name: string): ReadonlySet<string> =>
  new Set((COMMANDS[name]?.groups ?? []).flatMap(({ flags }) => Object.keys(flags).map(environmentName)))

/** Files of Secrets and programs of the image, which are not here. */
const ELSEWHERE = /\/etc\/clymene-(?:credentials|tls)\/|\/etc\/authorities\/|journalctl/

/** What our services find wrong in the arguments, variables and ConfigMaps of one cluster's containers. `folder` is for the files of the ConfigMaps. */
export async function configurationMistakes(manifests: readonly Manifest[], folder: string): Promise<readonly string[]> {
  const mistakes = containers(manifests).flatMap(({ pod, container }) => {
    const command = COMMANDS[container.name]
    if (!isOurs(container)) return []
    if (command === undefined) return [Promise.resolve([`${pod.name}: ${container.name} runs nobody knows what`])]
    const { namespace } = pod.manifest.object.metadata
    const name = pod.template.spec.volumes?.find(({ configMap }) => configMap !== undefined)?.configMap?.name
    const config = ofKind(manifests, 'ConfigMap').find(
      ({ object: { metadata } }) => metadata.name === name && metadata.namespace === namespace,
    )
    const files = join(folder, container.name)
    mkdirSync(files, { recursive: true })
    for (const [file, text] of Object.entries(config?.object.data ?? {})) writeFileSync(join(files, file), text)
    const argv = (container.args ?? []).map((arg) => arg.replace(/^(--config\.file=).*\//, `$1${files}/`))
    const env = Object.fromEntries((container.env ?? []).map((one) => [one.name, (one.value ?? 'node-1').replace('$(HOSTNAME)', 'node-1')]))
    return [mistakesOf(command, argv, env).then((found) => found.map((mistake) => `${pod.name}: ${mistake}`))]
  })
  return (await Promise.all(mistakes)).flat()
}

async function mistakesOf(command: Command, argv: readonly string[], env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  try {
    const { warnings } = await command.configure(argv, env)
    return warnings.filter((warning) => !ELSEWHERE.test(warning) && !/serviceaccount/.test(warning))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.mistakes.filter((mistake) => !ELSEWHERE.test(mistake))
  }
}
