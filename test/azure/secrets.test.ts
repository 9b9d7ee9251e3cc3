import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSecrets } from '../../src/azure/secrets.ts'
import { cloudOf } from '../../src/core/clouds.ts'
import { PermanentError, TransientError } from '../../src/core/errors.ts'
import { MINUTE } from '../../src/core/time.ts'
import { type KeyVault, startKeyVault } from './key-vault.ts'

const VALUE = 's3cret-value'
const REFERENCE = 'keyvault:https://team.vault.azure.net/secrets/rules-token'
const SECRET = 'team.vault.azure.net/rules-token'

describe('secrets of Key Vault', () => {
  let vault: KeyVault
  let now: number
  let version: string

  beforeEach(async () => {
    vault = await startKeyVault()
    version = vault.put(SECRET, VALUE)
    now = 0
  })
  afterEach(() => vault.close())

  const secrets = () => createSecrets({ ...vault, now: () => now })
  const withToken = () => vault.requests.filter(({ hasToken }) => hasToken).map(({ secret }) => secret)

  it('are read with the token that the vault asks for', async () => {
    expect((await secrets().read(REFERENCE)).value).toBe(VALUE)
    expect(vault.requests).toEqual([
      { secret: SECRET, hasToken: false },
      { secret: SECRET, hasToken: true },
    ])
    expect(vault.credential.scopes).toEqual(['https://vault.azure.net/.default'])
  })

  it('may be named with a version', async () => {
    const newest = vault.put(SECRET, 'the new one')
    const { read } = secrets()
    const id = 'https://team.vault.azure.net/secrets/rules-token'
    expect(await read(`${REFERENCE}/${version}`)).toEqual({ value: VALUE, id: `${id}/${version}` })
    expect(await read(`${REFERENCE}/`)).toEqual({ value: 'the new one', id: `${id}/${newest}` })
  })

  it('are read anew where what was read before a time does not count', async () => {
    const { read } = secrets()
    expect((await read(REFERENCE)).value).toBe(VALUE)
    vault.put(SECRET, 'changed')
    now = 10
    expect((await read(REFERENCE, { since: 0 })).value).toBe(VALUE)
    expect((await read(REFERENCE, { since: 10 })).value).toBe('changed')
    expect((await read(REFERENCE, { since: 10 })).value).toBe('changed')
    expect(withToken()).toEqual([SECRET, SECRET])
  })

  it('are kept for five minutes, and read anew then', async () => {
    const { read } = secrets()
    const both = await Promise.all([read(REFERENCE), read(REFERENCE)])
    expect(both.map(({ value }) => value)).toEqual([VALUE, VALUE])
    vault.put(SECRET, 'changed')

    now = 5 * MINUTE - 1
    expect((await read(REFERENCE)).value).toBe(VALUE)
    expect(withToken()).toEqual([SECRET])

    now = 5 * MINUTE
    expect((await read(REFERENCE)).value).toBe('changed')
    expect(withToken()).toEqual([SECRET, SECRET])
  })

  it('are asked for again after a failure', async () => {
    const { read } = secrets()
    vault.remove(SECRET)
    await expect(read(REFERENCE)).rejects.toThrow(
      'secret rules-token of team.vault.azure.net does not exist (404 SecretNotFound); create it',
    )
    await expect(read(REFERENCE)).rejects.toThrow(PermanentError)

    vault.put(SECRET, VALUE)
    expect((await read(REFERENCE)).value).toBe(VALUE)
  })

  it.each([
    ['500', 500, 'oops', 'could not be read (500'],
    ['429', 429, '{}', 'could not be read (429'],
    ['a value in an answer that cannot be read', 200, `{"value":"${VALUE}"`, 'could not be read ('],
  ])('may be read later when the vault answers %s', async (_, status, body, message) => {
    vault.answer({ status, body })
    const { read } = secrets()
    const trouble = await read(REFERENCE).catch(it => it)

    expect(trouble).toBeInstanceOf(TransientError)
    expect(trouble.message).toContain(message)
    expect(inspect(trouble, { depth: 20, showHidden: true })).not.toMatch(
      /s3cret-value|token-of-the-identity/,
    )
    vault.answer(undefined)
    expect((await read(REFERENCE)).value).toBe(VALUE)
  })

  it('are not read later where the identity may not, until somebody lets it', async () => {
    vault.answer({ status: 403, body: '{"error":{"code":"Forbidden","message":"no"}}' })
    const { read } = secrets()
    await expect(read(REFERENCE)).rejects.toThrow(PermanentError)
    await expect(read(REFERENCE)).rejects.toThrow(
      'secret rules-token of team.vault.azure.net may not be read (403 Forbidden): give the identity the role Key Vault Secrets User',
    )
    vault.answer(undefined)
    expect((await read(REFERENCE)).value).toBe(VALUE)
  })

  it('may be read later when the answer does not say which version it is', async () => {
    vault.answer({ status: 200, body: `{"value":"${VALUE}","id":"https://team.vault.azure.net/secrets/x"}` })
    await expect(secrets().read(REFERENCE)).rejects.toThrow(TransientError)
  })

  it('may be read later when no token can be had', async () => {
    const error = Object.assign(new Error('no identity here'), { name: 'CredentialUnavailableError' })
    const credential = { getToken: () => Promise.reject(error) }
    const read = createSecrets({ ...vault, credential }).read(REFERENCE)
    await expect(read).rejects.toThrow(TransientError)
    expect(withToken()).toEqual([])
  })

  it.each(['', ' \n'])('are not empty, as %j is', async value => {
    vault.put(SECRET, value)
    await expect(secrets().read(REFERENCE)).rejects.toThrow(
      new PermanentError('secret rules-token of team.vault.azure.net is empty; give it a value'),
    )
  })

  it.each([
    REFERENCE,
    `${REFERENCE}/${'0'.repeat(32)}`,
    'keyvault:https://TEAM.vault.azure.net/secrets/Rules-Token',
  ])('that are the own are not even asked for: %s', async reference => {
    const { read } = createSecrets({ ...vault, own: REFERENCE })
    await expect(read(reference)).rejects.toThrow(PermanentError)
    await expect(read(reference)).rejects.toThrow(/goes nowhere else; name another$/)
    expect(vault.requests).toEqual([])
    vault.put('team.vault.azure.net/sas', VALUE)
    expect((await read('keyvault:https://team.vault.azure.net/secrets/sas')).value).toBe(VALUE)
  })

  it('are all read where the own is no reference', async () => {
    expect((await createSecrets({ ...vault, own: 'a token itself' }).read(REFERENCE)).value).toBe(VALUE)
  })

  it.each([
    'keyvault:https://team.vault.azure.cn/secrets/x',
    'keyvault:https://team.vault.usgovcloudapi.net/secrets/x',
  ])('of another cloud are not even asked for: %s', async reference => {
    await expect(secrets().read(reference)).rejects.toThrow(/none of AzureCloud, whose vaults end in/)
    expect(vault.requests).toEqual([])
  })

  it.each([
    ['AzureUSGovernment', 'keyvault:https://team.vault.usgovcloudapi.net/secrets/x'],
    ['AzureChinaCloud', 'keyvault:https://team.vault.azure.cn/secrets/x'],
  ] as const)(
    'of %s are read with a token for its vaults, and no vault that asks for another gets one',
    async (cloud, reference) => {
      const { host } = new URL(reference.slice('keyvault:'.length))
      const { vaultSuffix } = cloudOf(cloud)
      // The double that all tests share asks as a vault of the public cloud does.
      const stranger = createSecrets({ ...vault, cloud: cloudOf(cloud) })
      await expect(stranger.read(reference)).rejects.toThrow(PermanentError)
      expect(withToken()).toEqual([])

      const own = await startKeyVault(`https://${vaultSuffix}`)
      try {
        own.put(`${host}/x`, VALUE)
        expect((await createSecrets({ ...own, cloud: cloudOf(cloud) }).read(reference)).value).toBe(VALUE)
        expect(own.credential.scopes).toEqual([`https://${vaultSuffix}/.default`])
      } finally {
        await own.close()
      }
    },
  )

  it.each([
    VALUE,
    `keyvault:${VALUE}`,
    'keyvault:http://team.vault.azure.net/secrets/x',
    'keyvault:https://team.vault.azure.net.example.org/secrets/x',
    'keyvault:https://example.org/team.vault.azure.net/secrets/x',
    `keyvault:https://me:${VALUE}@team.vault.azure.net/secrets/x`,
    'keyvault:https://team.vault.azure.net/keys/x',
    'keyvault:https://team.vault.azure.net/secrets/',
    'keyvault:https://team.vault.azure.net/secrets/a_b',
    'keyvault:https://team.vault.azure.net/secrets/x/latest',
    ` ${REFERENCE}`,
  ])('are named by a reference, unlike %j', async reference => {
    const trouble = await secrets()
      .read(reference)
      .catch(it => it)
    expect(trouble).toBeInstanceOf(PermanentError)
    expect(trouble.message).toContain('write keyvault:https://team.vault.azure.net/secrets/name')
    expect(trouble.message).not.toContain(VALUE)
    expect(vault.requests).toEqual([])
  })
})
