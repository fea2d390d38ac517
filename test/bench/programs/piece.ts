import { PIECES } from '../pieces/index.ts'
/** Runs one piece of the byte path in a process of its own, so that no other piece has shaped what the engine compiled. */
import { answerQuestions } from '../program.ts'

export type PieceQuestion = { readonly name: string; readonly seconds: number }

answerQuestions<PieceQuestion>(({ name, seconds }) => PIECES.get(name)?.(seconds))
