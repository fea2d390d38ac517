import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describeBusContract } from '../contract.ts'
import { openEmbeddedBus } from './embedded-bus.ts'

describeBusContract('embedded', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'clymene-bus-'))
  let topics = 0
  return {
    open: () => openEmbeddedBus({ directory, partitions: 3, maxMessageBytes: 1024 ** 2, drainMs: 200 }),
    newTopic: async (kind) => `${kind}.${++topics}`,
    maxMessageBytes: 1024 ** 2,
    stop: () => rm(directory, { recursive: true }),
  }
})
