import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

import { type Browser, chromium } from 'playwright-core'

import { needProgram } from './debian.ts'

const onPath = (): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'chromium'))
    .find((file) => existsSync(file))

export const isChromiumInstalled = (): boolean => onPath() !== undefined

/** Debian's, with a font: a page without one is drawn as empty boxes. */
export const installChromium = (): Promise<void> => needProgram('chromium', ['chromium', 'fonts-dejavu-core'])

/** Headless, driven over a pipe: it ends with the process that launched it. Its sandbox cannot run as root. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = onPath()
  if (executablePath === undefined) throw new Error('there is no chromium on the PATH: npm test -- --only=engines installs it')
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}
