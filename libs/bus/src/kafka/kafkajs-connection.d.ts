/** Imported past kafkajs's index; see whole-answers.ts. */
declare module 'kafkajs/src/network/connection.js' {
  type Connection = {
    bytesBuffered: number
    chunks: Buffer[]
    processData(this: Connection, bytes: Buffer): void
  }
  const Connection: { readonly prototype: Connection }
  export default Connection
}
