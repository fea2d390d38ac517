import type { PipelineEntry } from '../entry.ts'
import type { LabelSet } from '../label-set.ts'
import { readDuration, readRegex } from '../read-options.ts'
import type { Pass, Stage, StageContext, StageKind } from '../stage.ts'

type MultilineOptions = {
  readonly isFirstLine: (line: string) => boolean
  readonly maxLines: number
  readonly maxWaitNs: bigint
  readonly trimNewlines: boolean
}

/** Lines that belong together, of one set of labels. */
type Block = {
  /** Its first line, or that of a block before it that became too long or too old: gives labels, time and what was extracted. */
  start: PipelineEntry
  lines: string[]
  /** Bytes of the lines, with a line feed each. */
  length: number
  /** Origin of the first of the lines. */
  from: number
  /** Its first line came out before, with the block that this one goes on with. */
  goesOn: boolean
  /** When the last of them came. */
  lastNs: bigint
}

/**
 * Joins the lines of a block, such as a stack trace, to one entry: a line that matches `firstline` begins one, lines after it
 * go on with it. A block is passed on when the next begins, when it has `max_lines` (0: any number), when no line came for `max_wait_time`,
 * or when it would become longer than a line may be; lines after that are a block of their own, with the time of its start.
 * Each set of labels has its own blocks. Lines before the first `firstline` pass as they are.
 */
export const multiline: StageKind = {
  keys: ['firstline', 'max_lines', 'max_wait_time', 'trim_newlines'],
  parse: (fields) => {
    const regex = readRegex(fields, 'firstline')
    if ((fields.text('firstline') ?? '') === '') fields.mistake('.firstline: expected a regular expression')
    const maxLines = fields.count('max_lines') ?? 128
    const options: MultilineOptions = {
      isFirstLine: regex?.test ?? (() => true),
      maxLines: maxLines === 0 ? Number.POSITIVE_INFINITY : maxLines,
      maxWaitNs: BigInt(Math.round((readDuration(fields, 'max_wait_time') ?? 3000) * 1e6)),
      trimNewlines: fields.flag('trim_newlines') ?? false,
    }
    return (pass, context) => createMultiline(options, pass, context)
  },
}

/** Sets of labels whose blocks are known; that which came first is passed on and forgotten. */
const MAX_STREAMS = 1000

function createMultiline(options: MultilineOptions, pass: Pass, context: StageContext): Stage {
  const blocks = new Map<string, Block>()
  // Neighbouring lines mostly have the same set, and its text takes 1 µs.
  let lastLabels: LabelSet | undefined
  let lastKey = ''
  let held = 0

  const letGo = (block: Block): void => {
    if (block.lines.length === 0) return
    const { start, lines, from } = block
    block.lines = []
    block.goesOn = true
    block.length = 0
    held -= lines.length
    // Later blocks may need the start as it is, and stages after this one change what they get.
    const metadata = start.metadata === undefined ? undefined : new Map(start.metadata)
    pass({ ...start, line: lines.join('\n'), extracted: start.extracted.copy(), metadata, origin: from })
  }
  const add = (block: Block, entry: PipelineEntry): void => {
    const line = options.trimNewlines ? trimNewlines(entry.line) : entry.line
    const bytes = Buffer.byteLength(line)
    if (block.length + bytes > context.maxLineBytes) letGo(block)
    if (block.lines.length === 0) block.from = entry.origin ?? 0
    block.lines.push(line)
    block.length += bytes + 1
    block.lastNs = context.steadyNow()
    held++
    if (block.lines.length >= options.maxLines) letGo(block)
  }
  const begin = (key: string, start: PipelineEntry): Block => {
    const [oldest] = blocks.size >= MAX_STREAMS ? blocks : []
    if (oldest !== undefined) {
      blocks.delete(oldest[0])
      letGo(oldest[1])
    }
    const block = { start, lines: [], length: 0, from: 0, goesOn: false, lastNs: 0n }
    blocks.set(key, block)
    return block
  }

  return {
    push: (entry) => {
      if (entry.labels !== lastLabels) {
        lastLabels = entry.labels
        lastKey = JSON.stringify(entry.labels.labels)
      }
      let block = blocks.get(lastKey)
      if (options.isFirstLine(entry.line)) {
        if (block === undefined) block = begin(lastKey, entry)
        else letGo(block)
        block.start = entry
        block.goesOn = false
      }
      if (block === undefined) pass(entry)
      else add(block, entry)
    },
    flush: (nowNs) => {
      for (const block of held === 0 ? [] : blocks.values()) {
        if (nowNs === undefined || nowNs - block.lastNs >= options.maxWaitNs) letGo(block)
      }
    },
    stop: () => {
      for (const block of blocks.values()) letGo(block)
    },
    held: () => held,
    heldFrom: () => {
      let from = Number.POSITIVE_INFINITY
      for (const block of held === 0 ? [] : blocks.values()) if (block.lines.length > 0) from = Math.min(from, block.from)
      return from
    },
    repeatable: () => held === 0 || ![...blocks.values()].some(({ lines, goesOn }) => lines.length > 0 && goesOn),
  }
}

/** Without the line feeds and carriage returns at its end. */
function trimNewlines(line: string): string {
  let end = line.length
  while (end > 0 && (line[end - 1] === '\n' || line[end - 1] === '\r')) end--
  return line.slice(0, end)
}
