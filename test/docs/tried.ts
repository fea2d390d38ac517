/** Commands of pages that run in this very test, with the exit status that they have to end with. */
export const HERE: readonly (readonly [command: string, status: 0 | 1])[] = [
  [
    'STORAGE_TYPE=gateway clymene agent validate --config.file=clymene.yml --gateway.grpc-client.host-port=clymene-gateway:15610 --metric.split.length=1024 --log-level=info',
    0,
  ],
  ['STORAGE_TYPE=kafka clymene gateway validate --kafka.producer.brokers=kafka.kafka:9092 --kafka.producer.required-acks=local', 0],
  [
    'STORAGE_TYPE=prometheus,elasticsearch clymene ingester validate --kafka.consumer.brokers=kafka.kafka:9092 --prometheus.remote.url=http://prometheus-server-http.prometheus:9090/api/v1/write --es.server-urls=http://elasticsearch.es:9200 --clymene-ingester.parallelism=1000',
    0,
  ],
  ['clymene from-promtail promtail.yml', 0],
  ['clymene from-promtail promtail.yml --output=environment', 0],
  ['clymene from-promtail promtail.yml --output=helm-values --cluster=cluster-b --gateway-hosts=192.0.2.10', 0],
  ['clymene promtail validate --config.file=promtail.yml', 0],
  [
    'clymene promtail validate --config.file=efk.yml --storage-type=elasticsearch --es.server-urls=https://elasticsearch:9200 --es.username=elastic --es.password-file=elastic.password',
    0,
  ],
  ['clymene agent validate --config.file=prometheus.yml', 0],
]

/** Questions of runbooks to a cluster, which the test of the guide asks; not for what is not in it: metrics-server, cert-manager. */
export const RUNBOOKS_ASK = /^kubectl --context (main|target) (?!.*( top |certificates)).* ?(logs|describe|get) /

/** Commands that another test runs. */
export const TESTED: readonly { readonly page?: string; readonly command: RegExp; readonly by: string }[] = [
  { page: 'docs/guide.md', command: /^(kubectl --context|sed -i 's\/|cp -r |mkdir |openssl |printf )/, by: 'test/e2e/guide.test.ts' },
  { page: 'docs/guide.md', command: /^sed -i 's#image: /, by: 'test/manifests/guide.test.ts' },
  { command: RUNBOOKS_ASK, by: 'test/e2e/guide.test.ts' },
  { page: 'k8s/lab/README.md', command: /^kubectl (apply|get|delete) /, by: 'test/e2e/lab.test.ts' },
  { page: 'k8s/storage/README.md', command: /^kubectl apply -k /, by: 'test/e2e/manifests.test.ts' },
  { page: 'docs/helm.md', command: /^helm /, by: 'test/helm/releases.ts' },
  { page: 'k8s/README.md', command: /^sed -i /, by: 'test/manifests/guide.test.ts' },
  { page: 'docs/credentials.md', command: /^(?!kubectl )/, by: 'test/e2e/credentials-page.test.ts' },
  { page: 'docs/operate.md', command: /^kubectl --context main (diff|apply) -k /, by: 'test/e2e/manifests.test.ts' },
  { page: 'docs/operate.md', command: /^kubectl --context main --namespace clymene (scale|rollout) /, by: 'test/e2e/guide.test.ts' },
  {
    page: 'docs/migrate.md',
    command: /^\{ echo positions:|^clymene promtail --config\.file=efk\.yml .*--dry-run$/,
    by: 'test/e2e/migrate.test.ts',
  },
  { page: 'docs/migrate.md', command: /^kafka-consumer-groups\.sh /, by: 'test/e2e/go-messages.test.ts' },
  { command: /^clymene agent --config\.file=prometheus\.yml --dry-run$/, by: 'services/agent/src/dry-run-targets.test.ts' },
  { command: /^clymene agent validate --config\.file=prometheus\.yml$/, by: 'services/clymene/src/command-line.test.ts' },
  { page: 'docs/logs.md', command: /^clymene test /, by: 'services/clymene/src/test-pipeline/tool.test.ts' },
  { page: 'docs/logs.md', command: /^clymene from-promtail /, by: 'services/clymene/src/from-promtail/tool.test.ts' },
  { page: 'docs/logs.md', command: /^clymene promtail .*--dry-run$/, by: 'services/agent/src/dry-run.test.ts' },
  { page: 'docs/logs.md', command: /--logs\.pods/, by: 'test/e2e/kubernetes-pod-logs.test.ts' },
  { page: 'docs/logs.md', command: /^clymene agent --events/, by: 'test/e2e/kubernetes-events.test.ts' },
  { page: 'docs/logs.md', command: /^cat shop\.log \|/, by: 'test/e2e/log-inputs.test.ts' },
  {
    page: 'docs/logs.md',
    command: /^clymene (promtail|agent) --config\.file=\S+( --promtail\.config\.file=\S+)?$/,
    by: 'test/e2e/log-agent-loki.test.ts',
  },
  { command: /^(npx --no )?clymene replay /, by: 'test/e2e/replay.test.ts' },
  { page: 'README.md', command: /^npm start/, by: 'test/e2e/clean-clone.test.ts' },
  { page: 'README.md', command: /^(STORAGE_TYPE=\S+ )?(npx --no clymene|npm start --) /, by: 'test/e2e/pipeline.test.ts' },
  { command: /^npx --no clymene ledger( --kind=metrics)?$/, by: 'services/clymene/src/ledger/tool.test.ts' },
  { command: /^npx --no clymene explain --target=node-1$/, by: 'services/clymene/src/explain/tool.test.ts' },
  { command: /^npx --no clymene agent status$/, by: 'services/clymene/src/command-line.test.ts' },
  { command: /^kubectl --context (main|target) get --raw \S+\/proxy\/reasons$/, by: 'test/e2e/guide.test.ts' },
  { command: /^kubectl --context (main|target) --namespace \w+ logs (deployment|daemonset)\/\S+ --tail=20$/, by: 'test/e2e/guide.test.ts' },
]

/** Commands that no test runs, and why. */
export const NOT_RUN: readonly { readonly page?: string; readonly command: RegExp; readonly reason: string }[] = [
  { command: /^npm test\b/, reason: 'it is what runs all of this' },
  {
    command: /^(docker|podman|buildah|kind|minikube) /,
    reason: 'there is no container engine here; test/images does the steps of the Dockerfiles',
  },
  { page: 'docs/images.md', command: /^kubectl .*(docker-registry|imagePullSecrets)/, reason: 'it is for a registry that is yours' },
  {
    page: 'docs/images.md',
    command: /^(docker|podman|buildah|kind|minikube|kubectl) /,
    reason: 'it needs an engine with a daemon or a registry; test/e2e/images.test.ts runs what it builds',
  },
  {
    page: 'docs/images.md',
    command: /^for account in .*imagePullSecrets/,
    reason: 'it is for a registry that is yours',
  },
  { page: 'docs/guide.md', command: /^(git clone|cd) /, reason: 'the tests have a copy of their own' },
  { command: / port-forward /, reason: 'the stand-in of a kubelet forwards no ports' },
  {
    page: 'docs/migrate.md',
    command: /^kubectl --namespace monitoring get secret /,
    reason: "it asks what Prometheus' operator made, which is not here",
  },
  { command: /^npm run images /, reason: 'it needs docker, podman or buildah; test/images runs the same steps' },
  { command: / exec deployment\/grafana /, reason: 'there is no Grafana here; test/manifests/storage.test.ts runs what makes that file' },
  { command: /\bkubectl .* exec |^scp /, reason: 'it copies out of a pod of Go Clymene, which is not here' },
  { command: /^kubectl .* run look /, reason: 'the stand-in of a kubelet has no attach; the command in it is run above' },
  {
    command: /^kubectl --context (main|target) (--namespace \w+ )?(get|describe|top|logs) /,
    reason: 'plain kubectl, to look at what is there',
  },
  { command: /^(for topic in .* do )?kafka-(topics|configs|consumer-groups|acls)\.sh /, reason: "Kafka's own programs" },
  { page: 'docs/credentials.md', command: /^kubectl .*create secret /, reason: 'it makes Secrets of keys that are yours' },
  { page: 'k8s/storage/README.md', command: /^kubectl .*create (secret|namespace) /, reason: 'it makes Secrets of keys that are yours' },
  { page: 'grafana/README.md', command: /^(jq|curl) /, reason: 'there is no Grafana here' },
]
