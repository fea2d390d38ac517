/**
 * `node tools/bundle.ts <file>`, from a service's folder: its src/main.ts and all that it imports as one file, and beside it files of what is
 * loaded only when it is used. It runs on Node alone, without node_modules: what an image holds.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { build, type BuildOptions } from 'esbuild'

import { createLazyPackages } from './lazy-packages.ts'
import { oneCopy } from './one-copy.ts'
import { undiciClient } from './undici-client.ts'

/**
 * Bundles `<project>/src/main.ts` into `outfile`, and what is loaded only when it is used into files beside it. Names stay, so that a stack
 * trace can be read; blanks and comments go: the text stays in memory as long as the process runs.
 */
export async function bundle(project: string, outfile: string): Promise<void> {
  const lazy = createLazyPackages()
  const entry = join(project, 'src/main.ts')
  await mkdir(dirname(outfile), { recursive: true })
  await writeFile(outfile, await textOf({ entryPoints: [entry], plugins: [oneCopy, undiciClient, lazy.plugin] }))
  for (const [name, contents] of lazy.files())
    await writeFile(join(dirname(outfile), name), await textOf({ stdin: { contents, resolveDir: project } }))
}

/** Bundles a file of few imports into one that `require` loads. */
export const bundleFile = async (file: string, outfile: string): Promise<void> => writeFile(outfile, await textOf({ entryPoints: [file] }))

async function textOf(options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({
    ...options,
    write: false,
    bundle: true,
    minifyWhitespace: true,
    lineLimit: 160,
    platform: 'node',
    target: 'node22',
    // protobufjs and kafkajs call require(): in an ES module that would have to be made up.
    format: 'cjs',
    // Only the all-in-one in a checkout bundles its page by itself.
    external: ['esbuild'],
    logOverride: { 'empty-import-meta': 'silent' },
    logLevel: 'warning',
  })
  return inAscii(outputFiles[0]?.text ?? '')
}

/** V8 keeps a text in two bytes a character when one of them is not ASCII: that took 6 MB. In strings, templates and patterns escapes say the same. */
const inAscii = (text: string): string =>
  text.replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Bundles the all-in-one's page into `directory`: index.html, page.js, page.css. */
export async function bundlePage(page: string, directory: string): Promise<void> {
  const options: BuildOptions = {
    entryPoints: [join(page, 'page.tsx'), join(page, 'page.css'), join(page, 'index.html')],
    outdir: directory,
    bundle: true,
    minify: true,
    loader: { '.html': 'copy' },
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'warning',
  }
  await build(options)
}

if (import.meta.main) {
  const [outfile] = process.argv.slice(2)
  if (outfile === undefined) throw new Error('expected the file to write')
  await bundle('.', outfile)
}
