import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSecrets } from '../../src/azure/secrets.ts'
import { PermanentError, TransientError } from '../../src/core/errors.ts'
import { MINUTE } from '../../src/core/time.ts'
import { type KeyVault, startKeyVault } from './key-vault.ts'

const VALUE = 's3cret-value'
const REFERENCE = 'keyvault:https://team.vault.azure.net/secrets/rules-token'
const SECRET = 'team.vault.azure.net/rules-token'
const VERSION = '0123456789abcdef0123456789abcdef'

describe('secrets of Key Vault', () => {
  let vault: KeyVault
  let now: number

  beforeEach(async () => {
    vault = await startKeyVault()
    vault.values.set(SECRET, VALUE)
    now = 0
  })
  afterEach(() => vault.close())

  const secrets = () => createSecrets({ ...vault, now: () => now })
  const withToken = () => vault.requests.filter(({ hasToken }) => hasToken).map(({ secret }) => secret)

  it('are read with the token that the vault asks for', async () => {
    expect(await secrets().read(REFERENCE)).toBe(VALUE)
    expect(vault.requests).toEqual([
      { secret: SECRET, hasToken: false },
      { secret: SECRET, hasToken: true },
    ])
    expect(vault.credential.scopes).toEqual(['https://vault.azure.net/.default'])
  })

  it('may be named with a version', async () => {
    vault.values.set(`${SECRET}/${VERSION}`, 'the old one')
    const { read } = secrets()
    expect(await read(`${REFERENCE}/${VERSION}`)).toBe('the old one')
    expect(await read(`${REFERENCE}/`)).toBe(VALUE)
  })

  it('are kept for five minutes, and read anew then', async () => {
    const { read } = secrets()
    expect(await Promise.all([read(REFERENCE), read(REFERENCE)])).toEqual([VALUE, VALUE])
    vault.values.set(SECRET, 'changed')

    now = 5 * MINUTE - 1
    expect(await read(REFERENCE)).toBe(VALUE)
    expect(withToken()).toEqual([SECRET])

    now = 5 * MINUTE
    expect(await read(REFERENCE)).toBe('changed')
    expect(withToken()).toEqual([SECRET, SECRET])
  })

  it('are asked for again after a failure', async () => {
    const { read } = secrets()
    vault.values.delete(SECRET)
    await expect(read(REFERENCE)).rejects.toThrow(
      'secret rules-token of team.vault.azure.net does not exist (404 SecretNotFound); create it',
    )
    await expect(read(REFERENCE)).rejects.toThrow(PermanentError)

    vault.values.set(SECRET, VALUE)
    expect(await read(REFERENCE)).toBe(VALUE)
  })

  it.each([
    [
      '403',
      403,
      '{"error":{"code":"Forbidden","message":"no"}}',
      '(403 Forbidden); give the identity the role',
    ],
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
    expect(await read(REFERENCE)).toBe(VALUE)
  })

  it('may be read later when no token can be had', async () => {
    const error = Object.assign(new Error('no identity here'), { name: 'CredentialUnavailableError' })
    const credential = { getToken: () => Promise.reject(error) }
    const read = createSecrets({ ...vault, credential }).read(REFERENCE)
    await expect(read).rejects.toThrow(TransientError)
    expect(withToken()).toEqual([])
  })

  it('are not empty', async () => {
    vault.values.set(SECRET, '')
    await expect(secrets().read(REFERENCE)).rejects.toThrow(
      new PermanentError('secret rules-token of team.vault.azure.net is empty; give it a value'),
    )
  })

  it.each([
    'keyvault:https://team.vault.azure.cn/secrets/x',
    'keyvault:https://team.vault.usgovcloudapi.net/secrets/x',
  ])('of a sovereign cloud get no token that the public one asks for: %s', async reference => {
    // The double asks as a vault of the public cloud does.
    await expect(secrets().read(reference)).rejects.toThrow(PermanentError)
    expect(vault.requests.length).toBe(1)
    expect(withToken()).toEqual([])
  })

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
    expect(trouble.message).toContain('write it as in keyvault:https://team.vault.azure.net/secrets/name')
    expect(trouble.message).not.toContain(VALUE)
    expect(vault.requests).toEqual([])
  })
})
