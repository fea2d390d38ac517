/** The one module of kafkajs that is imported past its index; see idle-timer.ts. */
declare module 'kafkajs/src/network/requestQueue/index.js' {
  const RequestQueue: {
    readonly prototype: {
      readonly pending: readonly unknown[]
      readonly throttledUntil: number
      scheduleCheckPendingRequests(): void
    }
  }
  export default RequestQueue
}
