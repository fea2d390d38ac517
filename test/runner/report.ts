import { readFileSync } from 'node:fs'

/** What vitest's JSON reporter writes, as much of it as is read here. */
export type Report = {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly ReportedFile[]
}

export type ReportedFile = {
  readonly name: string
  readonly status: string
  /** Why a file did not load. */
  readonly message?: string
  readonly assertionResults: readonly ReportedTest[]
}

export type ReportedTest = { readonly status: string; readonly fullName: string; readonly failureMessages?: readonly string[] }

/** Undefined when there is none, or it was cut short. */
export function readReport(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
