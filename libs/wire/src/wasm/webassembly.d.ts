/** What we use of WebAssembly's JavaScript interface: TypeScript has its types only with those of browsers. */
declare namespace WebAssembly {
  // oxlint-disable-next-line typescript/no-extraneous-class -- compiled code: nothing of it can be looked at
  class Module {
    constructor(bytes: Uint8Array)
  }

  class Instance {
    constructor(module: Module)
    readonly exports: unknown
  }

  interface Memory {
    /** Another one after each growth, and the one of before is empty then. */
    readonly buffer: ArrayBuffer
    /** @throws RangeError beyond the memory's maximum, or when the system has none. */
    grow(pages: number): number
  }
}
