import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const SCRIPT = fileURLToPath(new URL('./misbehaving.ts', import.meta.url))

/** What a process prints in which a property leaves this behind. */
function run(way: string): Promise<{ output: string; signal: string | undefined }> {
  return new Promise(resolve => {
    execFile(process.execPath, [SCRIPT, way], (error, stdout, stderr) => {
      resolve({ output: stdout + stderr, signal: error?.signal ?? undefined })
    })
  })
}

describe('a property fails', () => {
  it.each([
    ['a rejection', 'it left an error behind'],
    ['a callback', 'it left an error behind'],
    ['a wait', 'it did not end within 300 ms'],
  ])('that leaves %s behind', async (way, told) => {
    const { output } = await run(way)
    expect(output).toContain(told)
    expect(output).toMatch(/seed: 1, path: "0/)
  })

  it('that never gives the event loop back, and is named before the process ends', async () => {
    const { output, signal } = await run('a loop')
    expect(output).toMatch(/stuck for 900 ms in is tried\n'a loop'/)
    expect(signal).toBe('SIGKILL')
  })
})

describe('a property holds', () => {
  it('that leaves nothing behind', async () => {
    expect(await run('nothing')).toEqual({ output: 'held\n', signal: undefined })
  })
})
