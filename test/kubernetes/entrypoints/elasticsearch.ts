/**
 * Starts the server as the image would on its folder of settings: everything of elasticsearch.yml but what modules would read that are not part of
 * the server here. $CLASS_PATH and $CLASS_ARCHIVE are where this machine has them.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

const IMAGE = '/usr/share/elasticsearch'
const OF_OTHER_MODULES = /^(?:xpack|ingest)\./

const settings = readFileSync(join(IMAGE, 'config/elasticsearch.yml'), 'utf8')
  .split('\n')
  .filter((line) => line.trim() !== '' && !line.startsWith('#'))
  .map((line) => {
    const [, name = '', value = ''] = /^([a-z_.]+): (\S+)$/.exec(line) ?? []
    if (name === '') throw new Error(`elasticsearch.yml: expected \`name: value\`, found ${line}`)
    return { name, value }
  })
  .filter(({ name }) => !OF_OTHER_MODULES.test(name))

// The server writes a file beside its folders, which the image does not let it.
const home = mkdtempSync('/tmp/home-')
mkdirSync(join(home, 'config'))
copyFileSync(join(IMAGE, 'config/log4j2.properties'), join(home, 'config/log4j2.properties'))
for (const folder of ['lib', 'logs', 'modules', 'plugins']) symlinkSync(join(IMAGE, folder), join(home, folder))

const { ES_JAVA_OPTS: options = '-Xmx1g', CLASS_PATH: classPath = '', CLASS_ARCHIVE: classArchive = '', JAVA: java = '' } = process.env
process.execve?.(java, [
  'java',
  ...options.split(' '),
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  `-XX:SharedArchiveFile=${classArchive}`,
  '-Xlog:disable',
  `-Des.path.home=${home}`,
  '-Djava.io.tmpdir=/tmp',
  '-Dlog4j2.disable.jmx=true',
  '-Dlog4j.shutdownHookEnabled=false',
  '--add-opens=java.base/java.io=ALL-UNNAMED',
  '--add-opens=java.base/java.lang=ALL-UNNAMED',
  '-cp',
  classPath,
  'EsMain',
  home,
  '9200',
  `path.data=${join(IMAGE, 'data')}`,
  ...settings.map(({ name, value }) => `${name}=${value}`),
])
