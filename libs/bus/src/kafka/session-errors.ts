/** A call of the caller's handler rejected: that ends the consumption. */
export class HandleError extends Error {
  override readonly name = 'HandleError'
}

/** A call ignores its signal: nothing can be started anew in its place. */
export class StuckHandleError extends Error {
  override readonly name = 'StuckHandleError'
}
