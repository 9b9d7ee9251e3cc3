import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { SETTING_NAMES } from '../../src/settings.ts'
import { ROOT } from '../tidy/sources.ts'

describe('the sample of local settings', () => {
  it('sets what the app reads, and would start it', async () => {
    const text = await readFile(join(ROOT, 'infra/package/local.settings.sample.json'), 'utf8')
    const { IsEncrypted, Values } = JSON.parse(text)
    expect(IsEncrypted).toBe(false)
    const { FUNCTIONS_WORKER_RUNTIME, ...settings } = Values
    expect(FUNCTIONS_WORKER_RUNTIME).toBe('node')
    expect(Object.keys(settings).filter(name => !SETTING_NAMES.includes(name))).toEqual([])
    expect(readConfig(Values)).toMatchObject({
      auth: { kind: 'entra' },
      rules: { kind: 'folder', folder: 'rules' },
    })
  })
})
