import { describe, expect, test } from 'vitest'

import { redactedYaml } from './redacted-yaml.ts'

describe('redactedYaml', () => {
  test.each<[name: string, text: string, shown: string]>([
    ['what is no secret stays as it was written', 'a: 1.10\nb: "007"\nc: [x, 1e3]\n', 'a: 1.10\nb: "007"\nc:\n  - x\n  - 1e+3\n'],
    ['secret keys', 'basic_auth: {username: joe, password: abcd}\n', 'basic_auth:\n  username: joe\n  password: <secret>\n'],
    ['numbers too', 'password: 123456\nport: 123456\n', 'password: <secret>\nport: 123456\n'],
    ['files stay', 'password_file: /a/b\n', 'password_file: /a/b\n'],
    ['an empty one stays', 'password: ""\ntoken:\n', 'password: ""\ntoken:\n'],
    ['lists below a secret key', 'secrets: [abcd, {x: efgh}]\n', 'secrets:\n  - <secret>\n  - x: <secret>\n'],
    [
      'values of headers',
      'http_headers:\n  X-A: {values: [abcd], secrets: [efgh], files: [/f]}\n',
      'http_headers:\n  X-A:\n    values:\n      - <secret>\n    secrets:\n      - <secret>\n    files:\n      - /f\n',
    ],
    ['headers for a proxy', 'proxy_connect_header:\n  X-A: [abcd]\n', 'proxy_connect_header:\n  X-A:\n    - <secret>\n'],
    [
      'parameters',
      'params:\n  module: [http]\n  sig: [abcd]\n  apiKey: [efgh]\n',
      'params:\n  module:\n    - http\n  sig:\n    - <secret>\n  apiKey:\n    - <secret>\n',
    ],
    ['the same name elsewhere is none', 'sig: [abcd]\n', 'sig:\n  - abcd\n'],
    [
      'what a rule makes of one',
      '- {target_label: __param_token, replacement: abcd}\n- {target_label: __param_module, replacement: http}\n',
      '- target_label: __param_token\n  replacement: <secret>\n- target_label: __param_module\n  replacement: http\n',
    ],
    ['URLs', 'url: http://joe:abcd@host/?token=efgh&a=b\n', 'url: http://<secret>@host/?token=<secret>&a=b\n'],
    ['comments, in which one may stand', '# password abcd\na: 1 # abcd\n# end\n', 'a: 1\n'],
    ['anchors', 'x: &p abcd\npassword: *p\n', 'x: <secret>\npassword: <secret>\n'],
    ['anchors in a secret', 'password: &p abcd\nx: *p\n', 'password: <secret>\nx: <secret>\n'],
    [
      'merged maps',
      'b: &b {password: abcd, u: joe}\nc:\n  <<: *b\n',
      'b:\n  password: <secret>\n  u: joe\nc:\n  <<:\n    password: <secret>\n    u: joe\n',
    ],
    ['a text that is not YAML', 'password: "abcd\n', '<secret>\n'],
    ['__proto__', '__proto__: {password: abcd}\n', '__proto__:\n  password: <secret>\n'],
    ['nothing', '', 'null\n'],
  ])('%s', (_name, text, shown) => expect(redactedYaml(text)).toBe(shown))

  test.each([
    ['clients', 'clients: [{url: http://l/push, headers: {Authorization: Bearer SECRET1, X-Scope-OrgID: a}}]'],
    ['clients', 'clients: [{url: "http://joe:SECRET1@l/push"}]'],
    ['clients', 'clients: [{basic_auth: {username: joe, password: SECRET1}}]'],
    ['clients', 'clients: [{bearer_token: SECRET1}]'],
    ['clients', 'clients: [{authorization: {type: Basic, credentials: SECRET1}}]'],
    ['clients', 'clients: [{oauth2: {client_id: a, client_secret: SECRET1, endpoint_params: {client_assertion: SECRET2}}}]'],
    ['clients', 'clients: [{tls_config: {cert_file: /c, key: "SECRET1"}}]'],
    ['clients', 'clients: [{proxy_url: "http://joe:SECRET1@proxy", proxy_connect_header: {Proxy-Authorization: [SECRET2]}}]'],
    ['client', 'client: {headers: {Cookie: SECRET1}}'],
    [
      'http_sd_configs',
      'http_sd_configs: [{url: "http://h/sd?api_key=SECRET1", http_headers: {X-Key: {values: [SECRET2], secrets: [SECRET3]}}}]',
    ],
    ['consul_sd_configs', 'consul_sd_configs: [{server: h, token: SECRET1}]'],
    ['ec2_sd_configs', 'ec2_sd_configs: [{access_key: SECRET1, secret_key: SECRET2}]'],
    ['azure_sd_configs', 'azure_sd_configs: [{client_id: a, client_secret: SECRET1}]'],
    ['kafka', 'kafka: {authentication: {sasl_config: {user: joe, password: SECRET1}, tls_config: {key: SECRET2}}}'],
    ['cloudflare', 'cloudflare: {api_token: SECRET1, zone_id: a}'],
    ['azure_event_hubs', 'azure_event_hubs: {connection_string: "Endpoint=sb://a;SharedAccessKey=SECRET1"}'],
    ['loki_push_api', 'loki_push_api: {server: {http_tls_config: {key: SECRET1}}}'],
  ])('a secret of %s: %s', (key, text) => {
    const shown = redactedYaml(text)
    expect(shown).not.toContain('SECRET')
    expect(shown).toContain(key)
    expect(shown).toContain('<secret>')
  })
})
