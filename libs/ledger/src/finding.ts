/** Something that somebody should know. `loss`: data are missing, or may be. `note`: nothing is lost. */
export type Finding = { readonly level: 'loss' | 'note'; readonly text: string }

export const loss = (text: string): Finding => ({ level: 'loss', text })
export const note = (text: string): Finding => ({ level: 'note', text })

export const messages = (count: number): string => (count === 1 ? '1 message' : `${count} messages`)
export const numbers = (count: number): string => (count === 1 ? '1 number' : `${count} numbers`)
export const records = (count: number): string => (count === 1 ? '1 record' : `${count} records`)
