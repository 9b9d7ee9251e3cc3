import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * An append-only file of JSON records, one a line: how the local doubles of Azure remember across restarts.
 * A record is on its way to the disk's cache, out of reach of a kill of this process, once `append` resolves.
 */
export interface Journal<T> {
  /** What stood in the file when it was opened, oldest first. */
  readonly restored: readonly T[]
  append(record: T): Promise<void>
  /** Replaces the whole content, atomically. */
  rewrite(records: Iterable<T>): Promise<void>
  close(): Promise<void>
}

/**
 * Opens or creates the journal; `file` undefined keeps nothing.
 * A torn last line (the process died while writing it) was never acknowledged and is dropped;
 * any other line that is not JSON is an error that names file and line.
 */
export async function openJournal<T>(file: string | undefined): Promise<Journal<T>> {
  if (file === undefined) return forgetful()
  await mkdir(dirname(file), { recursive: true })
  const { records, intact } = await restore<T>(file)
  if (!intact) await replace(file, records)
  let handle = await open(file, 'a')
  let turn: Promise<void> = Promise.resolve()
  let waiting: string[] = []
  let flush: Promise<void> | undefined

  /** Records that arrive while a write is under way share the next one. */
  function append(record: T): Promise<void> {
    waiting.push(`${JSON.stringify(record)}\n`)
    flush ??= inTurn(async () => {
      const lines = waiting.join('')
      waiting = []
      flush = undefined
      await handle.appendFile(lines)
    })
    return flush
  }

  function inTurn(step: () => Promise<void>): Promise<void> {
    const result = turn.then(step)
    turn = result.then(
      () => undefined,
      () => undefined,
    )
    return result
  }

  return {
    restored: records,
    append,
    rewrite: next =>
      inTurn(async () => {
        await handle.close()
        await replace(file, next)
        handle = await open(file, 'a')
      }),
    close: () => inTurn(() => handle.close()),
  }
}

async function restore<T>(file: string): Promise<{ records: T[]; intact: boolean }> {
  const text = await readOrEmpty(file)
  const lines = text.split('\n')
  const torn = lines.pop() !== ''
  const records = lines.map((line, index) => {
    try {
      return JSON.parse(line) as T
    } catch (cause) {
      throw new Error(`${file}:${index + 1}  not a JSON record; remove the line or the file`, { cause })
    }
  })
  return { records, intact: !torn }
}

async function readOrEmpty(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

async function replace<T>(file: string, records: Iterable<T>): Promise<void> {
  const lines = Array.from(records, record => `${JSON.stringify(record)}\n`)
  await writeFile(`${file}.new`, lines.join(''))
  await rename(`${file}.new`, file)
}

function forgetful<T>(): Journal<T> {
  const nothing = async () => undefined
  return { restored: [], append: nothing, rewrite: nothing, close: nothing }
}
