export type PieceReading = { readonly count: number; readonly cpuSeconds: number }

const ROUNDS_PER_LOOK = 16

/** Calls `act` for so long; `act` gives how many samples or bytes it worked on. A twentieth of the time goes to warming up. */
export function repeat(seconds: number, act: (round: number) => number): PieceReading {
  run(seconds / 20, act)
  const before = process.cpuUsage()
  const count = run(seconds, act)
  const { user, system } = process.cpuUsage(before)
  return { count, cpuSeconds: (user + system) / 1e6 }
}

function run(seconds: number, act: (round: number) => number): number {
  const until = performance.now() + seconds * 1000
  let count = 0
  for (let round = 0; performance.now() < until;) {
    for (const end = round + ROUNDS_PER_LOOK; round < end; round++) count += act(round)
  }
  return count
}

/** The same for what takes long: it is looked at the clock after each call. */
export async function repeatAsync(seconds: number, act: (round: number) => Promise<number>): Promise<PieceReading> {
  await runAsync(seconds / 20, act)
  const before = process.cpuUsage()
  const count = await runAsync(seconds, act)
  const { user, system } = process.cpuUsage(before)
  return { count, cpuSeconds: (user + system) / 1e6 }
}

async function runAsync(seconds: number, act: (round: number) => Promise<number>): Promise<number> {
  const until = performance.now() + seconds * 1000
  let count = 0
  for (let round = 0; performance.now() < until; round++) count += await act(round)
  return count
}
