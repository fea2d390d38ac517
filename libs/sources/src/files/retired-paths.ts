import type { FollowedPath } from './followed-path.ts'
import type { PositionTable } from './position-table.ts'
import type { Position } from './positions.ts'

/** Paths of jobs that a reload changed or took away: not read any more, and closed when all that was read of them is acknowledged. */
export type RetiredPaths = {
  readonly add: (paths: readonly FollowedPath[]) => void
  readonly positions: (nowMs: number) => readonly Position[]
  readonly close: () => void
}

/** @param onSettled none is left that is not closed: the table tells how far they were read. Also when there was none to add. */
export function createRetiredPaths(table: Pick<PositionTable, 'put'>, now: () => number, onSettled: () => void): RetiredPaths {
  const retired = new Set<FollowedPath>()
  const finish = (path: FollowedPath): void => {
    if (!retired.delete(path)) return
    for (const position of path.positions(now())) table.put(position)
    path.close()
    if (retired.size === 0) onSettled()
  }
  return {
    add: (paths) => {
      for (const path of paths) {
        path.stop()
        retired.add(path)
        // It is acknowledged with what is collected now, and after what is on its way.
        path.lane.advance({ acknowledge: () => finish(path) }, undefined)
      }
      if (retired.size === 0) onSettled()
    },
    positions: (nowMs) => [...retired].flatMap((path) => path.positions(nowMs)),
    close: () => {
      for (const path of retired) path.close()
      retired.clear()
    },
  }
}
