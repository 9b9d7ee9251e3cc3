import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { parseBlobAddress } from '../../src/core/blob-url.ts'
import { CLOUD_NAMES, type CloudName, cloudOf } from '../../src/core/clouds.ts'
import { readSources } from '../tidy/sources.ts'

/** As `az cloud show` has them: sign-in, ARM, storage, vaults; and the issuer of tokens of version 2. */
const FACTS: Record<CloudName, [string, string, string, string, string]> = {
  AzureCloud: [
    'https://login.microsoftonline.com',
    'https://management.azure.com',
    'core.windows.net',
    'vault.azure.net',
    'https://login.microsoftonline.com',
  ],
  AzureUSGovernment: [
    'https://login.microsoftonline.us',
    'https://management.usgovcloudapi.net',
    'core.usgovcloudapi.net',
    'vault.usgovcloudapi.net',
    'https://login.microsoftonline.us',
  ],
  AzureChinaCloud: [
    'https://login.chinacloudapi.cn',
    'https://management.chinacloudapi.cn',
    'core.chinacloudapi.cn',
    'vault.azure.cn',
    'https://login.partner.microsoftonline.cn',
  ],
}
const TENANT = '11111111-1111-4111-8111-111111111111'

describe.each(CLOUD_NAMES)('the setting LAKEMARK_CLOUD=%s', name => {
  const [authority, arm, storageSuffix, vaultSuffix, issuer] = FACTS[name]
  const environment = { LAKEMARK_CLOUD: name, AzureWebJobsStorage__accountName: 'contosoapp' }

  it('gives every address', () => {
    expect(cloudOf(name)).toEqual({ name, authority, arm, storageSuffix, vaultSuffix, issuer })
    expect(readConfig(environment)).toMatchObject({
      cloud: { name },
      storage: {
        kind: 'identity',
        blobUrl: `https://contosoapp.blob.${storageSuffix}`,
        queueUrl: `https://contosoapp.queue.${storageSuffix}`,
        tableUrl: `https://contosoapp.table.${storageSuffix}`,
      },
    })
  })

  it('says who issues the tokens of callers, unless that is set', () => {
    const entra = { LAKEMARK_AUTH: 'entra', LAKEMARK_AUTH_TENANT: TENANT, LAKEMARK_AUTH_AUDIENCE: 'api://x' }
    expect(readConfig({ ...environment, ...entra }).auth).toMatchObject({ authority: issuer })
    const other = { LAKEMARK_AUTH_AUTHORITY: 'https://login.example.org' }
    expect(readConfig({ ...environment, ...entra, ...other }).auth).toMatchObject({
      authority: 'https://login.example.org',
    })
  })

  it('makes addresses of its own files known, and those of other clouds strange', () => {
    for (const other of CLOUD_NAMES) {
      const suffix = cloudOf(other).storageSuffix
      const addresses = [
        `https://contosolake.blob.${suffix}/silver/a.csv`,
        `https://contosolake.dfs.${suffix.toUpperCase()}/silver/a.csv?sig=hidden`,
        `abfss://silver@contosolake.dfs.${suffix}/a.csv`,
        `wasbs://silver@contosolake.blob.${suffix}/a.csv`,
      ]
      for (const address of addresses) {
        const parsed = parseBlobAddress(address, [], cloudOf(name))
        if (other === name) expect(parsed).toMatchObject({ ref: { account: 'contosolake', path: 'a.csv' } })
        else
          expect(parsed).toEqual({
            problem: `is an address of ${other}, and this is ${name}; see LAKEMARK_CLOUD`,
          })
      }
    }
    expect(parseBlobAddress('http://127.0.0.1:10000/acc/silver/a.csv', [], cloudOf(name))).toHaveProperty(
      'ref',
    )
  })
})

describe('the clouds', () => {
  it('are public Azure where nothing is set', () => {
    expect(readConfig({}).cloud).toEqual(cloudOf('AzureCloud'))
  })

  it('are those that Azure has, by the names of its own command line', () => {
    expect(() => readConfig({ LAKEMARK_CLOUD: 'AzureGermanCloud' })).toThrow(
      /LAKEMARK_CLOUD: expected AzureCloud, AzureUSGovernment or AzureChinaCloud/,
    )
  })

  it('have their addresses in one place', () => {
    const suffixes = Object.values(FACTS)
      .flat()
      .map(it => it.replace('https://', ''))
    // Comments and examples for people name public Azure; the emulator knows no other; tokens of version 1 have one issuer.
    const examples = /^\s*(?:\*|\/\*|\/\/)|<account>|<filesystem>|<container>|EXAMPLE|common/
    const elsewhere = readSources('src')
      .filter(({ path }) => path !== 'src/core/clouds.ts')
      .flatMap(({ path, text }) => text.split('\n').map(line => ({ path, line })))
      .filter(({ line }) => suffixes.some(it => line.includes(it)) && !examples.test(line))
    expect(elsewhere.map(({ path, line }) => `${path}: ${line.trim()}`)).toEqual([])
  })
})
