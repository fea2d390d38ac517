import { expect, test } from 'vitest'

import { EXPORTED_PATHS, startExporter } from './exporter.ts'

test('pages are numbered; when they are held nobody gets one any more, and it is known who waits', async () => {
  const exporter = await startExporter()
  const ask = (path: string) => fetch(`http://${exporter.address}${path}`).then((response) => response.text())
  for (const path of EXPORTED_PATHS) expect(await ask(path)).toContain('chaos_pages_total{shard="9"} 1')
  exporter.hold()
  expect(exporter.notAskedFor()).toEqual(EXPORTED_PATHS)
  const held = Promise.allSettled(EXPORTED_PATHS.map((path) => ask(path)))
  await expect.poll(() => exporter.notAskedFor()).toEqual([])
  expect(exporter.pages.map(({ path, number }) => [path, number])).toEqual(EXPORTED_PATHS.map((path) => [path, 1]))
  await exporter.close()
  expect((await held).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
})
