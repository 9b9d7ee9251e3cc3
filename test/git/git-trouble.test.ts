import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PermanentError, TransientError } from '../../src/core/errors.ts'
import { createGitAuth } from '../../src/git/git-auth.ts'
import { createGitRules, type GitRulesOptions } from '../../src/git/git-rules.ts'
import { type Behaviour, type GitServer, startGitServer } from './git-server.ts'

const TOKEN = 't0p-secret'
const ADVERTISEMENT = 'application/x-git-upload-pack-advertisement'
const GENEROUS = { latestMs: 30_000, readMs: 30_000 }
const IMPATIENT = { latestMs: 300, readMs: 300 }

describe('a git server in trouble', () => {
  let server: GitServer
  let temporaryFolder: string
  let commit: string

  beforeEach(async () => {
    server = await startGitServer()
    commit = await server.commit({ 'a.yaml': 'a' })
    temporaryFolder = await mkdtemp(join(tmpdir(), 'lakemark-git-trouble-'))
  })
  afterEach(async () => {
    const left = await readdir(temporaryFolder)
    await rm(temporaryFolder, { recursive: true })
    await server.close()
    expect(left).toEqual([])
  })

  const rulesOf = (options: Partial<GitRulesOptions> = {}) =>
    createGitRules({
      url: server.url,
      ref: 'main',
      folder: '',
      temporaryFolder,
      limits: GENEROUS,
      ...options,
    })

  /** How both calls fail, which must be alike. */
  async function troubleOf(options: Partial<GitRulesOptions> = {}): Promise<TransientError | PermanentError> {
    const rules = rulesOf(options)
    const [asked, read] = await Promise.all([
      rules.latestCommit().catch(it => it),
      rules.read().catch(it => it),
    ])
    expect([read.name, read.message]).toEqual([asked.name, asked.message])
    expect(asked.constructor === TransientError || asked.constructor === PermanentError).toBe(true)
    expect(asked.message).toContain(`rules of ${options.url ?? server.url}: `)
    return asked
  }

  it('passes when it is down and comes up again', async () => {
    const rules = rulesOf()
    expect(await rules.latestCommit()).toBe(commit)

    await server.stop()
    const trouble = await troubleOf()
    expect(trouble).toBeInstanceOf(TransientError)
    expect(trouble.message).toMatch(/127\.0\.0\.1:\d+ could not be reached: ECONNREFUSED$/)

    await server.start()
    expect(await rules.latestCommit()).toBe(commit)
    expect((await rules.read()).commit).toBe(commit)
  })

  it('passes when it does not answer in time', async () => {
    server.behave('hang')
    const trouble = await troubleOf({ limits: IMPATIENT })
    expect(trouble).toBeInstanceOf(TransientError)
    expect(trouble.message).toContain('no whole answer within 0.3 s')

    server.behave('normal')
    expect(await rulesOf().latestCommit()).toBe(commit)
  })

  it('passes when it falls silent within the fetch, and nothing stays behind', async () => {
    server.onRequest(() => {
      if (server.requests.length > 3) server.behave('hang')
    })
    await expect(rulesOf({ limits: { ...GENEROUS, readMs: 3000 } }).read()).rejects.toThrow(TransientError)
    expect(server.requests.length).toBe(4)
  })

  it.each<[string, Behaviour, RegExp]>([
    ['500', { status: 500, body: '<html>oops</html>' }, /answers 500$/],
    ['503', { status: 503 }, /answers 503$/],
    ['429', { status: 429, headers: { 'retry-after': '7' } }, /answers 429$/],
    ['a limit of its rate', { status: 403, headers: { 'x-ratelimit-remaining': '0' } }, /answers 403$/],
    ['half an answer', 'half', /broke off its answer$/],
    [
      'rubbish in the form of git',
      { status: 200, headers: { 'content-type': ADVERTISEMENT }, body: 'zzzz0000' },
      /could not be read/,
    ],
  ])('passes when it answers %s', async (_, behaviour, message) => {
    server.behave(behaviour)
    const trouble = await troubleOf()
    expect(trouble).toBeInstanceOf(TransientError)
    expect(trouble.message).toMatch(message)
  })

  it('says how long it wants to be left alone', async () => {
    server.behave({ status: 429, headers: { 'retry-after': '7' } })
    expect(await troubleOf()).toHaveProperty('retryAfterMs', 7000)
  })

  it.each<[string, Behaviour, RegExp]>([
    [
      'a web page',
      { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>0000' },
      /with text\/html instead of git; is the address that of a repository\?$/,
    ],
    ['nothing', { status: 200 }, /with something instead of git/],
    ['403', { status: 403 }, /refuses to let the repository be read \(403\)/],
    ['404', { status: 404 }, /no such repository \(404\), or the token may not read it$/],
    ['410', { status: 410 }, /answers 410; is the address that of a repository\?$/],
    [
      'a redirect elsewhere',
      { status: 302, headers: { location: 'https://login.example.org/?t=1' } },
      /redirects to https:\/\/login\.example\.org, which is not followed/,
    ],
    ['a redirect without a place', { status: 302 }, /redirects to nowhere, which is not followed/],
    [
      'a redirect in a circle',
      { status: 301, headers: { location: '/rules.git' } },
      /redirects more than 3 times/,
    ],
    [
      'too much',
      { status: 200, headers: { 'content-type': ADVERTISEMENT }, body: 'x'.repeat(17 * 2 ** 20) },
      /sends more than 16 MB/,
    ],
  ])('does not pass by itself when it answers %s', async (_, behaviour, message) => {
    server.behave(behaviour)
    const trouble = await troubleOf()
    expect(trouble).toBeInstanceOf(PermanentError)
    expect(trouble.message).toMatch(message)
  })

  it('does not pass by itself when there is no such repository', async () => {
    const trouble = await troubleOf({ url: server.url.replace('rules.git', 'other.git') })
    expect(trouble).toBeInstanceOf(PermanentError)
    expect(trouble.message).toContain('no such repository')
  })

  it('is not taken for a deleted branch when the answer is cut', async () => {
    server.behave('half')
    expect((await troubleOf({ ref: 'gone' })).message).not.toContain('no branch')
  })

  it('passes when the branch is deleted within the read', async () => {
    server.onRequest(async () => {
      if (server.requests.length === 3) await server.deleteBranch('main')
      if (server.requests.length === 3) await server.commit({ 'b.yaml': 'b' }, 'other', 'other')
    })
    await expect(rulesOf().read()).rejects.toThrow(TransientError)
    await expect(rulesOf().read()).rejects.toThrow('no branch or tag main; there are: other')
  })

  it('passes when the commit goes away within the fetch', async () => {
    server.onRequest(async () => {
      // The server has named the commit and is then asked for it.
      if (server.requests.length !== 4) return
      await server.forcePush({ 'b.yaml': 'b' })
      await server.git('reflog', 'expire', '--expire=now', '--all')
      await server.git('gc', '--quiet', '--prune=now')
    })
    await expect(rulesOf().read()).rejects.toThrow(TransientError)
    expect((await rulesOf().read()).files).toEqual([{ path: 'b.yaml', text: 'b' }])
  })

  it('is told apart from a temporary folder that is not there', async () => {
    const read = rulesOf({ temporaryFolder: join(temporaryFolder, 'no') }).read()
    await expect(read).rejects.toThrow(/: no temporary folder can be made in \/.*\/no: ENOENT$/)
  })

  describe('that asks for a token', () => {
    it('gets it, and none is sent before it asks', async () => {
      let asked = 0
      const token = async () => {
        asked += 1
        return `${TOKEN}\n`
      }
      expect(await rulesOf({ token }).latestCommit()).toBe(commit)
      expect(asked).toBe(0)
      expect(server.requests.every(({ password }) => password === undefined)).toBe(true)

      server.requireToken(TOKEN)
      server.requests.length = 0
      expect(await rulesOf({ token }).latestCommit()).toBe(commit)
      expect(server.requests.map(({ user, password }) => [user, password])).toEqual([
        [undefined, undefined],
        ['lakemark', TOKEN],
        ['lakemark', TOKEN],
      ])
      expect((await rulesOf({ token }).read()).files).toEqual([{ path: 'a.yaml', text: 'a' }])
    })

    it('is asked once, with a token that is refused', async () => {
      server.requireToken('another')
      const trouble = await troubleOf({ token: async () => TOKEN })
      expect(trouble).toBeInstanceOf(PermanentError)
      expect(trouble.message).toContain('refuses the token; set LAKEMARK_RULES_TOKEN')
      expect(server.requests.filter(({ password }) => password === TOKEN).length).toBe(2)
      expect(inspect(trouble, { depth: 20 })).not.toContain(TOKEN)
      expect(inspect(trouble, { depth: 20 })).not.toContain(
        Buffer.from(`lakemark:${TOKEN}`).toString('base64'),
      )
    })

    it.each([undefined, async () => undefined, async () => ' \n'])(
      'is not given what there is not',
      async token => {
        server.requireToken(TOKEN)
        const trouble = await troubleOf({ token })
        expect(trouble).toBeInstanceOf(PermanentError)
        expect(trouble.message).toContain(
          'no such public repository; if it is a private one, set LAKEMARK_RULES_TOKEN',
        )
      },
    )

    it('hands on why the token cannot be had', async () => {
      server.requireToken(TOKEN)
      const token = () => Promise.reject(new TransientError('the vault is down'))
      expect(await troubleOf({ token })).toBeInstanceOf(TransientError)
      expect((await troubleOf({ token })).message).toContain('the vault is down')
    })

    it('does not wait for ever for a token', async () => {
      server.requireToken(TOKEN)
      const token = () => new Promise<string>(() => undefined)
      expect((await troubleOf({ token, limits: IMPATIENT })).message).toContain(
        'no whole answer within 0.3 s',
      )
    })

    it('does not see it where it redirects to another origin, and sees it within its own', async () => {
      const other = await startGitServer()
      server.requireToken(TOKEN)
      const token = async () => TOKEN
      server.behave({ status: 307, headers: { location: `${other.url}/info/refs?service=git-upload-pack` } })
      expect((await troubleOf({ token })).message).toContain('which is not followed')
      expect(other.requests).toEqual([])
      await other.close()

      server.behave('normal')
      server.onRequest(({ path }) => {
        const moved = path.replace('/old.git', '/rules.git')
        server.behave(path === moved ? 'normal' : { status: 301, headers: { location: moved } })
      })
      const url = server.url.replace('rules.git', 'old.git')
      expect(await rulesOf({ url, token }).latestCommit()).toBe(commit)
      expect((await rulesOf({ url, token }).read()).files).toEqual([{ path: 'a.yaml', text: 'a' }])
    })

    it.each([
      ['http://git.example.org/r', false],
      ['http://10.0.0.1/r', false],
      ['http://127.0.0.1.example.org/r', false],
      ['http://localhost:8080/r', true],
      ['http://127.0.0.1/r', true],
      ['http://[::1]:8080/r', true],
      ['https://git.example.org/r', true],
    ])('at %s gets it: %s', async (url, gets) => {
      let isAsked = false
      const token = async () => {
        isAsked = true
        return TOKEN
      }
      const { onAuth } = createGitAuth({ url, token, signal: new AbortController().signal })
      const answer = Promise.resolve().then(() => onAuth(url, {}))

      if (gets) expect(await answer).toEqual({ username: 'lakemark', password: TOKEN })
      else await expect(answer).rejects.toThrow('a token, which is sent over https only; use git+https://')
      expect(isAsked).toBe(gets)
    })
  })
})
