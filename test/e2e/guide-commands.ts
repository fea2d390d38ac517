export type Section = { readonly number: number; readonly title: string; readonly commands: readonly string[] }

/** The commands of a guide, by its numbered sections: each line of its `sh` blocks, in order. */
export function sectionsOf(markdown: string): readonly Section[] {
  return markdown
    .split(/^## /m)
    .slice(1)
    .flatMap((text) => {
      const [, number, title = ''] = /^(\d+)\. (.*)$/m.exec(text) ?? []
      const commands = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = '']) => block.trim().split('\n'))
      if (number === undefined && commands.length > 0) throw new Error(`commands outside of a numbered section: ${commands[0]}`)
      return number === undefined ? [] : [{ number: Number(number), title, commands }]
    })
}
