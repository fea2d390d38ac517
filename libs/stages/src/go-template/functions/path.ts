import { type NamedFunction, ofTexts } from './arguments.ts'

/** Functions of sprig on paths, with the answers of Go's package path. */
export const PATH_FUNCTIONS: readonly NamedFunction[] = ['', 'os'].flatMap((prefix) => {
  const named = (name: string): string => (prefix === '' ? name : prefix + name.slice(0, 1).toUpperCase() + name.slice(1))
  return [
    ofTexts(named('base'), 1, (path = '') => base(path)),
    ofTexts(named('dir'), 1, (path = '') => clean(path.slice(0, path.lastIndexOf('/') + 1))),
    ofTexts(named('ext'), 1, (path = '') => extension(path.slice(path.lastIndexOf('/') + 1))),
    ofTexts(named('clean'), 1, (path = '') => clean(path)),
    ofTexts(named('isAbs'), 1, (path = '') => path.startsWith('/')),
  ]
})

function base(path: string): string {
  if (path === '') return '.'
  const whole = withoutSlashes(path)
  return whole === '' ? '/' : whole.slice(whole.lastIndexOf('/') + 1)
}

const extension = (name: string): string => (name.includes('.') ? name.slice(name.lastIndexOf('.')) : '')

function clean(path: string): string {
  const root = path.startsWith('/') ? '/' : ''
  const names: string[] = []
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue
    if (name !== '..') names.push(name)
    else if (names.length > 0 && names.at(-1) !== '..') names.pop()
    else if (root === '') names.push(name)
  }
  return root + names.join('/') || '.'
}

/** Without the slashes at its end. */
function withoutSlashes(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end--
  return path.slice(0, end)
}
