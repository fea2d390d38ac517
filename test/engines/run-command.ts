import { spawn } from 'node:child_process'

export type CommandOptions = { readonly directory?: string; readonly environment?: Readonly<Record<string, string>> }

/** Runs a program to its end; its standard output. Rejects with the last lines it wrote when it fails or cannot start. */
export function runCommand(command: string, args: readonly string[], { directory, environment }: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(directory !== undefined && { cwd: directory }),
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    let all = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      all += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      all += text
    })
    child.once('error', (cause) => reject(new Error(`${command} could not be started: ${cause.message}`, { cause })))
    child.once('close', (status, signal) => {
      if (status === 0) resolve(output)
      else reject(new Error(`${command} ${args[0] ?? ''} ended with ${signal ?? `status ${status}`}:\n${lastLines(all, 12)}`))
    })
  })
}

export const lastLines = (text: string, count: number): string => text.trimEnd().split('\n').slice(-count).join('\n')

/** Whether a program of that name is on the PATH. */
export const isOnPath = async (command: string): Promise<boolean> =>
  runCommand('sh', ['-c', 'command -v "$0"', command]).then(
    () => true,
    () => false,
  )
