/** Writes the boards that users import: `npm run dashboards`. A test fails when what is committed differs. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { boards, textOf } from './boards.ts'

for (const [file, board] of boards) writeFileSync(join(import.meta.dirname, '..', file), textOf(board))
