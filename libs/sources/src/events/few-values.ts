/** What further values of a label are called. */
const OTHER = 'other'

/** Bounds the values of a label that others choose: those beyond the first `most` become `other`. Gives the value to use. */
export function createFewValues(most: number, overflowed: () => void): (value: string) => string {
  const known = new Set<string>()
  return (value) => {
    if (known.has(value) || value === '') return value
    if (known.size < most) {
      known.add(value)
      return value
    }
    overflowed()
    return OTHER
  }
}
