import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

import { IMAGE_SERVICES, imageName } from '../image-files.ts'
import { imageLines, KUSTOMIZATION, renamedImages, withImages } from './kustomization.ts'

const root = join(import.meta.dirname, '../..')
const text = readFileSync(join(root, KUSTOMIZATION), 'utf8')
const PLACES = [
  { registry: 'bourbonkk', tag: '0.1.0' },
  { registry: 'registry.example.com:5000/team/a', tag: '2027-01-15' },
  { registry: 'localhost:5000', tag: '17' },
  { registry: 'r', tag: '1.10' },
  { registry: 'r', tag: '1e3' },
  { registry: 'r', tag: '0x10' },
  { registry: 'r', tag: 'on' },
  { registry: 'r', tag: 'y' },
  { registry: 'r', tag: '2024_01' },
  { registry: 'r', tag: '1.5e3' },
  { registry: 'r', tag: '0b11' },
  { registry: 'r', tag: 'latest' },
  { registry: 'r', tag: 'v1.0.0-rc.1' },
]

describe.each(PLACES)('registry $registry, tag $tag', (place) => {
  test('is what YAML reads for every image; comments stay', () => {
    const written = withImages(text, place)
    expect(parse(written, { version: '1.1' })).toEqual({
      ...parse(text, { version: '1.1' }),
      images: IMAGE_SERVICES.map((service) => ({
        name: imageName(service),
        newName: imageName(service).replace('bourbonkk', place.registry),
        newTag: place.tag,
      })),
    })
    expect(written.split('\n').filter((line) => line.startsWith('#'))).toEqual(text.split('\n').filter((line) => line.startsWith('#')))
    expect(withImages(written, { registry: 'bourbonkk', tag: '0.1.0' })).toBe(withImages(text, { registry: 'bourbonkk', tag: '0.1.0' }))
  })
})

test('other images of the file stay', () => {
  const other = '  - { name: busybox, newName: registry.example.com/busybox, newTag: 1.37.0 }'
  expect(withImages(`${text}${other}\n`, { registry: 'r', tag: 't' })).toContain(`${other}\n`)
})

test('a file that lacks one is told, not half written', () => {
  const lines = text.split('\n').filter((line) => !line.includes('name: bourbonkk/clymene,'))
  expect(() => withImages(lines.join('\n'), { registry: 'r', tag: 't' })).toThrow(
    /^k8s\/components\/images\/kustomization\.yaml: no line .* for bourbonkk\/clymene; expected one for each image$/,
  )
})

test('as it is committed, it names the version of package.json', () => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'))
  for (const line of imageLines({ registry: 'bourbonkk', tag: version })) expect(text).toContain(`${line}\n`)
})

describe('manifests whose images it would not find', () => {
  test.each<[title: string, line: string, expected: readonly string[]]>([
    ['as they are committed', '          image: bourbonkk/clymene-agent:0.1.0', []],
    ['of others', '  image: registry.example/prom/node-exporter:v1', []],
    [
      'another registry',
      '          image: registry.example:5000/team/clymene-agent:0.1.0',
      ['a.yaml: image registry.example:5000/team/clymene-agent'],
    ],
    ['another registry, the first key', '        - image: r/clymene-gateway:1', ['a.yaml: image r/clymene-gateway']],
    ['the command line', '  image: r/clymene:1', ['a.yaml: image r/clymene']],
    ['in a comment', '# image: r/clymene-gateway:1', []],
  ])('%s', (_title, line, expected) => {
    expect(renamedImages(new Map([['a.yaml', `containers:\n${line}\n`]]))).toEqual(expected)
  })

  test('none is committed', () => {
    const paths = globSync('k8s/**/*.yaml', { cwd: root, exclude: ['k8s/helm/**'] })
    expect(renamedImages(new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')])))).toEqual([])
  })
})
