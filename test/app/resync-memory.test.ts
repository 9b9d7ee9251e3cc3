import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../tidy/sources.ts'

const LIMIT_MS = 50_000

async function peakOf(count: number): Promise<number> {
  const script = join(ROOT, 'test/app/resync-memory-process.ts')
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script, String(count)], {
    timeout: LIMIT_MS,
  })
  const { peak } = JSON.parse(stdout) as { peak: number }
  return peak
}

describe('the memory of a re-sync run', () => {
  it('does not grow with the number of blobs', async () => {
    const few = await peakOf(20_000)
    const many = await peakOf(200_000)
    // What the index in memory holds is the double's own: eight bytes a blob.
    expect(many - 8 * 180_000).toBeLessThan(1.2 * few)
  })
})
