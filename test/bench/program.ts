import { fork, type Serializable } from 'node:child_process'
import { join } from 'node:path'

/** A program of ./programs as a process of its own; it ends with this one. */
export type Program<Question, Answer> = {
  readonly pid: number
  /** One question at a time. @throws when the program fails or ends before it has answered. */
  readonly ask: (question: Question) => Promise<Answer>
  readonly stop: () => Promise<void>
}

type Reply = { readonly answer?: unknown; readonly error?: string }

export function startProgram<Question extends Serializable, Answer>(name: string): Program<Question, Answer> {
  const child = fork(join(import.meta.dirname, 'programs', `${name}.ts`), [], {
    // kafkajs sets a timer to a time that has passed, and Node says so each time a prototype starts.
    execArgv: ['--disable-warning=TimeoutNegativeWarning'],
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
  })
  return {
    pid: child.pid ?? 0,
    ask: (question) =>
      new Promise((resolve, reject) => {
        const gone = (): void => reject(new Error(`${name} ended before it answered`))
        child.once('exit', gone)
        child.once('message', ({ answer, error }: Reply) => {
          child.off('exit', gone)
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- program and caller name the same types
          if (error === undefined) resolve(answer as Answer)
          else reject(new Error(`${name}: ${error}`))
        })
        child.send(question)
      }),
    stop: async () => {
      child.disconnect()
      await ended
    },
  }
}

/** The other side: answers questions until whoever started the process is gone. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- says what the callback is given
export function answerQuestions<Question>(answer: (question: Question) => unknown): void {
  process.on('disconnect', () => process.exit(0))
  process.on('message', (question: Question) => {
    Promise.resolve(question)
      .then(answer)
      .then(
        (found) => process.send?.({ answer: found }),
        (error: unknown) => process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      )
  })
}
