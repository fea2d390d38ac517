import type { Logger } from '@clymene/model'

export const silent: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => silent }

function ignore(): void {
  // Nobody reads it.
}

export const never = new AbortController().signal
