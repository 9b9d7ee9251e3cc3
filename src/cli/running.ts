import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import { UsageError } from './usage-error.ts'

/** Where the local world is to be found while it runs: written by `start`, read by the other commands. */
const running = z.object({
  pid: z.number().int().positive(),
  service: z.url(),
  lake: z.url(),
  azureMl: z.url(),
})

export type Running = z.infer<typeof running>

const fileIn = (home: string) => join(home, 'running.json')

export async function writeRunning(home: string, facts: Running): Promise<void> {
  const file = fileIn(home)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `${JSON.stringify(facts, null, 2)}\n`)
}

export async function removeRunning(home: string): Promise<void> {
  await rm(fileIn(home), { force: true })
}

/** Throws UsageError where nothing runs. */
export async function readRunning(home: string): Promise<Running> {
  const found = await findRunning(home)
  if (found === undefined) {
    throw new UsageError(
      `Lakemark is not running here (${fileIn(home)} is missing); start it with: npm start`,
    )
  }
  return found
}

/** Undefined: nothing runs, or what ran was killed and left its file behind. */
export async function findRunning(home: string): Promise<Running | undefined> {
  let text: string
  try {
    text = await readFile(fileIn(home), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const facts = running.parse(JSON.parse(text))
  return isAlive(facts.pid) ? facts : undefined
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
