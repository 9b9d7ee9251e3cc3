import { describe, expect, it } from 'vitest'
import { ConfigError, type Environment, readConfig } from '../../src/config.ts'
import { SETTING_NAMES } from '../../src/settings.ts'

/** Each text is a value of these. */
const ANY_TEXT = [
  'LAKEMARK_RULES',
  'LAKEMARK_RULES_TOKEN',
  'LAKEMARK_HOME',
  'LAKEMARK_URL',
  'LAKEMARK_AUDIENCE',
  'AZURE_CLIENT_ID',
  'AzureWebJobsStorage__clientId',
]

describe('a setting that is wrong', () => {
  it.each(SETTING_NAMES.filter(name => !ANY_TEXT.includes(name)))('is named with what is right: %s', name => {
    expect(problemsOf({ [name]: 'Wrong !' })).toEqual([
      'settings in the environment are wrong:',
      expect.stringMatching(new RegExp(`^  ${name}: expected .{10}`)),
    ])
  })

  it('is not the only one named where there are more', () => {
    const wrong = { LAKEMARK_PORT: '70000', LAKEMARK_AUDIT_DAYS: '0', LAKEMARK_SWEEP_SCHEDULE: '* * *' }
    expect(problemsOf(wrong)).toEqual([
      'settings in the environment are wrong:',
      '  LAKEMARK_PORT: expected a port number from 0 to 65535; 0 picks a free one',
      '  LAKEMARK_SWEEP_SCHEDULE: expected a schedule of six fields: second minute hour day month weekday',
      '  LAKEMARK_AUDIT_DAYS: expected a number of days from 1 to 99999',
    ])
  })

  it.each(ANY_TEXT)('is never one that takes any text: %s', name => {
    expect(readConfig({ [name]: 'some' })).toBeTypeOf('object')
  })
})

/** Each is nearly right. */
const NEAR_MISSES: [string, string][] = [
  ['LAKEMARK_CLOUD', 'azurecloud'],
  ['LAKEMARK_RULES_COMMIT', '0123456g'],
  ['LAKEMARK_RULES_COMMIT', '0123456\n'],
  ['LAKEMARK_RULES_WEBHOOK_SECRET', 'fifteen letters'],
  ['LAKEMARK_RULES_WEBHOOK_SECRET', '🔑'.repeat(15)],
  ['LAKEMARK_RULES_WEBHOOK_SECRET', 'keyvault:https://v.vault.azure.net/secrets/push'],
  ['LAKEMARK_AUTH_TENANT', '1111abcd-1111-4111-8111-11111111bee'],
  ['LAKEMARK_AUTH_AUDIENCE', 'api://lakemark,'],
  ['LAKEMARK_AUTH_AUTHORITY', 'http://login.contoso.com'],
  ['LAKEMARK_PORT', '65536'],
  ['LAKEMARK_PORT', '-1'],
  ['LAKEMARK_AZUREML_URL', 'ftp://127.0.0.1'],
  ['LAKEMARK_AZUREML_URL', 'http:127.0.0.1'],
  ['LAKEMARK_SWEEP_SCHEDULE', '0 * * * *'],
  ['LAKEMARK_SWEEP_SCHEDULE', '0 * * * * * *'],
  ['LAKEMARK_AUDIT_DAYS', '100000'],
  ['AzureWebJobsStorage', 'AccountName='],
  ['AzureWebJobsStorage__accountName', 'a'.repeat(25)],
  ['AzureWebJobsStorage__accountName', 'Lake'],
  ['AzureWebJobsStorage__blobServiceUri', 'lake.blob.example'],
]

describe('settings', () => {
  it.each(NEAR_MISSES)('are refused where they are nearly right: %s=%j', (name, value) => {
    expect(problemsOf({ [name]: value })[1]).toMatch(new RegExp(`^  ${name}: expected `))
  })

  it('are read without the spaces around an address', () => {
    const at = (service: string) => ` https://lake.${service}.example\n`
    const { storage, azureMlUrl } = readConfig({
      LAKEMARK_AZUREML_URL: ' http://127.0.0.1:7072 ',
      AzureWebJobsStorage__blobServiceUri: at('blob'),
      AzureWebJobsStorage__queueServiceUri: at('queue'),
      AzureWebJobsStorage__tableServiceUri: at('table'),
    })
    expect(azureMlUrl).toBe('http://127.0.0.1:7072')
    expect(storage).toMatchObject({
      blobUrl: 'https://lake.blob.example',
      queueUrl: 'https://lake.queue.example',
      tableUrl: 'https://lake.table.example',
    })
  })

  it('count as missing where they are empty', () => {
    const empty = Object.fromEntries(SETTING_NAMES.map(name => [name, '']))
    expect(readConfig(empty)).toEqual(readConfig({}))
  })

  it('are read as what they mean', () => {
    const environment = { LAKEMARK_PORT: '0', LAKEMARK_AUDIT_DAYS: '30', LAKEMARK_LOG: 'info' }
    expect(readConfig(environment)).toMatchObject({
      port: 0,
      auditDays: 30,
      logLevel: 'info',
      lakePort: 10_000,
    })
  })
})

function problemsOf(environment: Environment): string[] {
  try {
    readConfig(environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n')
    throw error
  }
  return []
}
