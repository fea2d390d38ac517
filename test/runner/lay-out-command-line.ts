import { join } from 'node:path'

import { builtImage } from '../images/built-image.ts'

/**
 * Before the unit tests of a whole run: the files of the image of `clymene`, which later steps need as well. The tests of the command line
 * start it from there, in a third of the CPU time that its sources take; alone they start the sources.
 */
export async function setup(): Promise<void> {
  if (process.env['TEST_IMAGES'] === undefined) return
  process.env['TEST_CLYMENE'] = join(await builtImage('clymene'), 'bin/clymene')
}
