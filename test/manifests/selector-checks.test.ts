import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'

import { parseFiles } from './manifest-files.ts'
import { selecting } from './selector-checks.ts'

const WORLD = `
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  template:
    metadata: { labels: { app: web } }
    spec:
      topologySpreadConstraints: [{ topologyKey: zone, labelSelector: { matchLabels: { app: web } } }]
      containers: [{ name: web, image: web:1, ports: [{ name: http, containerPort: 80 }] }]
---
kind: Deployment
metadata: { name: scraper, namespace: watch }
spec:
  template:
    metadata: { labels: { app: scraper } }
    spec: { containers: [{ name: scraper, image: scraper:1 }] }
---
kind: PodDisruptionBudget
metadata: { name: web, namespace: shop }
spec: { selector: { matchLabels: { app: web } } }
---
kind: HorizontalPodAutoscaler
metadata: { name: web, namespace: shop }
spec: { scaleTargetRef: { kind: Deployment, name: web } }
---
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec:
  podSelector: { matchLabels: { app: web } }
  ingress:
    - from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: watch } }, podSelector: { matchLabels: { app: scraper } } }]
      ports: [{ port: 80 }]
---
kind: NetworkPolicy
metadata: { name: scraper, namespace: watch }
spec:
  podSelector: { matchLabels: { app: scraper } }
  egress:
    - to: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: shop } }, podSelector: { matchLabels: { app: web } } }]
      ports: [{ port: 80 }]
`
const mistakesOf = (text: string): readonly string[] => selecting(parseFiles(new Map([['a.yaml', text]])))

const LOOK = `
---
kind: NetworkPolicy
metadata: { name: look, namespace: shop }
spec:
  podSelector: { matchLabels: { app: clymene-look } }
  egress: [{ to: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 80 }] }]
`

test('pods that runbooks start are in no manifest; what they ask is', () => {
  expect(mistakesOf(WORLD + LOOK)).toEqual([])
  expect(mistakesOf(WORLD.replace('app: scraper } } }]', 'app: clymene-look } } }]'))).toEqual([])
  expect(mistakesOf(WORLD + LOOK.replace('port: 80', 'port: 81'))).toEqual(['NetworkPolicy shop look: port 81 leads nowhere'])
})

test('what fits is no mistake', () => {
  expect(parseAllDocuments(WORLD)).toHaveLength(6)
  expect(mistakesOf(WORLD)).toEqual([])
})

test.each<[what: string, from: string, to: string, mistake: string]>([
  [
    'a budget for nobody',
    'selector: { matchLabels: { app: web } }',
    'selector: { matchLabels: { app: wep } }',
    'PodDisruptionBudget shop web selects no pod',
  ],
  [
    'a budget in another namespace',
    'PodDisruptionBudget\nmetadata: { name: web, namespace: shop }',
    'PodDisruptionBudget\nmetadata: { name: web, namespace: watch }',
    'PodDisruptionBudget watch web selects no pod',
  ],
  [
    'an autoscaler for nobody',
    'scaleTargetRef: { kind: Deployment, name: web }',
    'scaleTargetRef: { kind: StatefulSet, name: web }',
    'HorizontalPodAutoscaler shop web scales nothing',
  ],
  [
    'two who say how many',
    'spec:\n  template',
    'spec:\n  replicas: 3\n  template',
    'Deployment shop web says how many replicas, and so does its autoscaler',
  ],
  [
    'a policy for nobody',
    'spec:\n  podSelector: { matchLabels: { app: scraper } }',
    'spec:\n  podSelector: { matchLabels: { app: none } }',
    'NetworkPolicy watch scraper selects no pod',
  ],
  [
    'a port that its pods do not have',
    'app: scraper } } }]\n      ports: [{ port: 80 }]',
    'app: scraper } } }]\n      ports: [{ port: 81 }]',
    'NetworkPolicy shop web: none of its pods has port 81',
  ],
  [
    'a port that the others do not have',
    'app: web } } }]\n      ports: [{ port: 80 }]',
    'app: web } } }]\n      ports: [{ port: 81 }]',
    'NetworkPolicy watch scraper: port 81 leads nowhere',
  ],
  ['a peer that is nobody', 'metadata.name: watch } }', 'metadata.name: shop } }', 'NetworkPolicy shop web: no pod is {"app":"scraper"}'],
  [
    'a spread of others',
    'topologyKey: zone, labelSelector: { matchLabels: { app: web } }',
    'topologyKey: zone, labelSelector: { matchLabels: { app: other } }',
    'Deployment web: over zone others are spread',
  ],
])('%s', (_what, from, to, mistake) => {
  expect(WORLD).toContain(from)
  expect(mistakesOf(WORLD.replace(from, to))).toContain(mistake)
})
