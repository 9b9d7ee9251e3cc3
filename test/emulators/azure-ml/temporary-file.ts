import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** The path of a file that is not there yet, in a folder of its own that goes with the test. */
export async function temporaryFile(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lakemark-azure-ml-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return join(folder, name)
}
