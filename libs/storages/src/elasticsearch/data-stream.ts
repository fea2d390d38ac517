/** The namespace of a data stream may have 100 bytes (Elastic's data stream naming scheme). */
const MAX_BYTES = 100

// What a data stream's name must not have (Elasticsearch, "Create data stream"): \ / * ? " < > | , # : and blanks; control
// characters are our addition, they make names that nobody can type.
// oxlint-disable-next-line no-control-regex -- see above
const REFUSED = /[\\/*?"<>|,#:\s\u0000-\u001f\u007f]/g

/**
 * The last part of a data stream's name for a `cluster` label: lower-cased, `_` for what Elasticsearch refuses, cut at 100
 * bytes; `default` when there is no label. Two labels may give one name: the documents keep the true label.
 */
export function clusterNamespace(cluster: string): string {
  if (cluster === '') return 'default'
  // Lower-casing first: it may bring characters of its own.
  return cutBytes(cluster.toLowerCase().replace(REFUSED, '_'), MAX_BYTES)
}

function cutBytes(text: string, maxBytes: number): string {
  let bytes = 0
  let end = 0
  for (const character of text) {
    bytes += Buffer.byteLength(character)
    if (bytes > maxBytes) break
    end += character.length
  }
  return text.slice(0, end)
}
