import { describe, expect, test } from 'vitest'

import { hasCome, newSequences, noteNumber, numberOf } from './key-sequences.ts'

/** `2:7` is number 7 of epoch 2, `7` of epoch 1, `7@10` the piece at position 10 of number 7. */
function parse(text: string) {
  const [, epoch = '1', sequence = '', position] = /^(?:(\d+):)?(\d+)(?:@(\d+))?$/.exec(text) ?? []
  return { epoch: Number(epoch), sequence: Number(sequence), position: position === undefined ? undefined : Number(position) }
}

/** What comes of numbers that come in this order: which are repeats, and the counts by epoch as `distinct missing jumped`. */
function take(...numbers: readonly string[]) {
  const sequences = newSequences(new Map(), 'k')
  const counts = new Map<number, [number, number, number]>()
  const repeats = numbers.filter((text) =>
    noteNumber(sequences, parse(text), (epoch, distinct, missing, jumped) => {
      const before = counts.get(epoch) ?? [0, 0, 0]
      counts.set(epoch, [before[0] + distinct, before[1] + missing, before[2] + jumped])
    }),
  )
  const epochs = Object.fromEntries([...counts].map(([epoch, list]) => [epoch, list.join(' ')]))
  return { sequences, repeats, epochs }
}

describe('numbers of a key', () => {
  test.each([
    ['one after the other', ['0', '1', '2'], [], { 1: '3 0 0' }],
    ['the first may be any', ['40', '41'], [], { 1: '2 0 0' }],
    ['a gap is missing', ['0', '4'], [], { 1: '2 3 0' }],
    ['a late one fills its gap', ['0', '4', '2'], [], { 1: '3 2 0' }],
    ['all late ones fill it', ['0', '4', '2', '1', '3'], [], { 1: '5 0 0' }],
    ['one before the first', ['5', '3'], [], { 1: '2 1 0' }],
    ['the last once more', ['0', '1', '1'], ['1'], { 1: '2 0 0' }],
    ['an old one once more', ['0', '1', '2', '0'], ['0'], { 1: '3 0 0' }],
    ['a late one once more', ['0', '4', '2', '2'], ['2'], { 1: '3 2 0' }],
    ['the epoch after goes on', ['0', '1', '2:2'], [], { 1: '2 0 0', 2: '1 0 0' }],
    ['numbers that were reserved are jumped over, not missing', ['0', '1', '2:4096'], [], { 1: '2 0 0', 2: '1 0 4094' }],
    ['a late one of the epoch before', ['0', '2:10', '5'], [], { 1: '2 4 0', 2: '1 0 4' }],
    ['a late first one of an epoch', ['0', '2:5', '2:3'], [], { 1: '1 0 0', 2: '2 1 2' }],
    ['an epoch that begins anew', ['7', '8', '2:1', '2:2'], [], { 1: '2 0 0', 2: '2 0 0' }],
    ['the same number in another epoch is another message', ['3', '2:3'], [], { 1: '1 0 0', 2: '1 0 0' }],
    ['an epoch between two', ['0', '3:20', '2:10'], [], { 1: '1 0 0', 2: '1 0 9', 3: '1 0 9' }],
    ['pieces are one number', ['0', '1@0', '1@10', '1@20', '2'], [], { 1: '3 0 0' }],
    ['a piece once more', ['1@0', '1@10', '1@0'], ['1@0'], { 1: '1 0 0' }],
    ['a piece once more, later', ['1@0', '1@10', '2', '3', '1@10'], ['1@10'], { 1: '3 0 0' }],
    ['a whole message after its pieces', ['1@0', '1@10', '1'], ['1'], { 1: '1 0 0' }],
    ['a piece after the whole message', ['1', '1@0'], ['1@0'], { 1: '1 0 0' }],
  ])('%s', (_, numbers, repeats, epochs) => {
    const taken = take(...numbers)
    expect(taken.repeats).toEqual(repeats)
    expect(taken.epochs).toEqual(epochs)
    for (const text of numbers) expect(hasCome(taken.sequences, parse(text))).toBe(true)
  })

  test('64 ranges of missing numbers are kept: what is older stays missing, and looks like a repeat when it comes', () => {
    const odd = Array.from({ length: 66 }, (_, index) => String(index * 2 + 1))
    expect(take(...odd).epochs).toEqual({ 1: '66 65 0' })
    const late = take(...odd, '2', '4')
    expect([late.repeats, late.epochs]).toEqual([['2'], { 1: '67 64 0' }])
  })

  test('four epochs are kept: one that is older is counted each time it comes', () => {
    const { repeats, epochs } = take('1:0', '2:0', '3:0', '4:0', '5:0', '1:0', '2:0')
    expect([repeats, epochs['1'], epochs['2']]).toEqual([['2:0'], '2 0 0', '1 0 0'])
  })

  test('pieces of eight messages are told apart', () => {
    const pieces = Array.from({ length: 9 }, (_, index) => `${index}@0`)
    expect(take(...pieces, '0@10', '8@10').repeats).toEqual(['0@10'])
  })

  test.each([
    [{}, undefined],
    [{ agent: 'a', epoch: 1 }, undefined],
    [{ agent: '', epoch: 1, sequence: 1 }, undefined],
    [{ epoch: 1, sequence: 1 }, undefined],
    [
      { agent: 'a', epoch: 1, sequence: 0 },
      { epoch: 1, sequence: 0, position: undefined },
    ],
    [
      { agent: 'a', epoch: 1, sequence: 0, position: 0 },
      { epoch: 1, sequence: 0, position: 0 },
    ],
  ])('who numbered a message: %j', (headers, expected) => expect(numberOf(headers)).toEqual(expected))
})
