import { expect, test } from 'vitest'

import { annotationQuery } from './annotations.ts'

test('a mark of Prometheus has its query where Grafana 11 to 13 look for it, and where those before did', () => {
  expect(
    annotationQuery({ name: 'Restarts', color: 'red', expression: 'x > 0', text: '{{pod}}', tags: ['pod', 'container'], shown: true }),
  ).toMatchObject({
    name: 'Restarts',
    enable: true,
    hide: false,
    iconColor: 'red',
    datasource: { type: 'prometheus', uid: '${datasource}' },
    expr: 'x > 0',
    target: { refId: 'Anno', expr: 'x > 0' },
    titleFormat: 'Restarts',
    textFormat: '{{pod}}',
    tagKeys: 'pod,container',
  })
})

test('a mark of Loki is its line, and off unless it is shown', () => {
  const mark = annotationQuery({ name: 'Warnings', source: 'loki', color: 'blue', expression: '{a="b"}', tags: [] })
  expect(mark).toMatchObject({ enable: false, expr: '{a="b"}', maxLines: 100, datasource: { type: 'loki', uid: '${loki_datasource}' } })
  expect(mark).not.toHaveProperty('textFormat')
})
