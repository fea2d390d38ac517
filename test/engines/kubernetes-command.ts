import { spawn } from 'node:child_process'

/** How a program ended and what it wrote. */
export type CommandOutcome = { readonly status: number; readonly output: string; readonly errors: string }

export type OutcomeOptions = {
  readonly input?: string
  readonly directory?: string
  /** Beside this process's own. */
  readonly environment?: Readonly<Record<string, string>>
}

/** Runs a program to its end, whatever its status; ended by a signal it is 128. Rejects only when it cannot be started. */
export function outcomeOf(command: string, args: readonly string[], options: OutcomeOptions = {}): Promise<CommandOutcome> {
  const { input, directory, environment } = options
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(directory !== undefined && { cwd: directory }),
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let output = ''
    let errors = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    child.once('error', reject)
    child.once('close', (status) => resolve({ status: status ?? 128, output, errors }))
    // A program that does not read its input ends all the same.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}
