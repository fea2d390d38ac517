/** One instruction: `COPY`, and all that stands behind it, continued lines joined. */
export type Instruction = { readonly name: string; readonly words: string }

export type Stage = {
  /** What stands behind AS; empty of the last one. */
  readonly name: string
  readonly base: string
  readonly instructions: readonly Instruction[]
  /** As it is written. */
  readonly text: string
}

/** The stages of a Dockerfile, in their order. @throws Error for a line that is no instruction */
export const stagesOf = (text: string): readonly Stage[] =>
  text
    .split(/^(?=FROM )/m)
    .slice(1)
    .map((stage) => {
      const [from, ...instructions] = instructionsOf(stage)
      const [, base, name = ''] = /^(?:--platform=\S+ )?(\S+)(?: AS (\S+))?$/.exec(from?.words ?? '') ?? []
      if (base === undefined) throw new Error(`FROM ${from?.words ?? ''}: expected an image and a name`)
      return { name, base, instructions, text: stage }
    })

function instructionsOf(text: string): readonly Instruction[] {
  const lines = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
    .replaceAll(/\s*\\\n\s*/g, ' ')
    .split('\n')
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name, words] = /^([A-Z]+) (.+)$/.exec(line) ?? []
      if (name === undefined || words === undefined)
        throw new Error(`${JSON.stringify(line)}: expected an instruction and what it is about`)
      return { name, words: words.trim() }
    })
}

/** The stage of this name. */
export function stageNamed(stages: readonly Stage[], name: string): Stage {
  const stage = stages.find((one) => one.name === name)
  if (stage === undefined) throw new Error(`no stage ${name}`)
  return stage
}
