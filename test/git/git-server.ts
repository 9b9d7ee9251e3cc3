import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What stands in a file; null: the file is removed. */
export type Content = string | Buffer | { link: string } | { submodule: string } | null

/** Instead of git: no answer at all, the first half of one as if it were all, or this one. */
export type Behaviour =
  | 'normal'
  | 'hang'
  | 'half'
  | { status: number; headers?: Record<string, string>; body?: string }

export interface GitRequest {
  method: string
  path: string
  /** Of basic authentication. */
  user: string | undefined
  password: string | undefined
  /** Of the body that git answered; 0 where it was not asked. */
  answeredBytes: number
}

export interface GitServer {
  /** Of the repository, as a client gives it: `http://127.0.0.1:port/rules.git`. */
  url: string
  /** The bare repository that is served. */
  folder: string
  /** One commit on top of a branch, `main` by default, which is made where it is missing. Answers its id. */
  commit(files: Record<string, Content>, message?: string, branch?: string): Promise<string>
  /** Replaces a branch by one commit without parents that holds just these files. */
  forcePush(files: Record<string, Content>, branch?: string): Promise<string>
  createBranch(branch: string, from?: string): Promise<void>
  deleteBranch(branch: string): Promise<void>
  /** An annotated tag. Answers its own id, not the commit's. */
  tag(name: string, branch?: string): Promise<string>
  /** Runs git in the bare repository. */
  git(...args: string[]): Promise<string>
  /** From now on only whoever gives this as password may read; undefined: everyone. */
  requireToken(token: string | undefined): void
  behave(behaviour: Behaviour): void
  /** Called before each request is answered. */
  onRequest(hook: ((request: { method: string; path: string }) => Promise<void> | void) | undefined): void
  /** What was asked, in order. */
  requests: GitRequest[]
  /** Goes down; connections are cut. */
  stop(): Promise<void>
  /** Comes up again, at the same address. */
  start(): Promise<void>
  /** Ends it and removes its folder. */
  close(): Promise<void>
}

/** A git server over HTTP on loopback: `git http-backend` before a repository that the caller commits to. */
export async function startGitServer(): Promise<GitServer> {
  const root = await mkdtemp(join(tmpdir(), 'lakemark-git-server-'))
  const folder = join(root, 'rules.git')
  await runGit(root, ['init', '--quiet', '--bare', '--initial-branch=main', folder])
  const requests: GitServer['requests'] = []
  let token: string | undefined
  let behaviour: Behaviour = 'normal'
  let hook: Parameters<GitServer['onRequest']>[0]
  let server: Server | undefined
  let port = 0

  const git = async (...args: string[]) => (await runGit(folder, args)).trim()
  const write = async (
    files: Record<string, Content>,
    message: string,
    branch: string,
    isOrphan: boolean,
  ) => {
    const ref = `refs/heads/${branch}`
    const hasParent = !isOrphan && (await git('for-each-ref', ref)) !== ''
    await runGit(folder, ['fast-import', '--quiet', '--force'], toImport(files, message, ref, hasParent))
    return git('rev-parse', ref)
  }

  async function start() {
    server = createServer((request, response) => {
      answer(request, response).catch(error => response.destroy(error))
    })
    await new Promise<void>((resolve, reject) => {
      server?.once('error', reject).listen(port, '127.0.0.1', resolve)
    })
    port = (server.address() as AddressInfo).port
  }

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const { method = '', url: path = '' } = request
    const [user, password] = credentialOf(request)
    const asked: GitRequest = { method, path, user, password, answeredBytes: 0 }
    requests.push(asked)
    await hook?.({ method, path })
    if (behaviour === 'hang') return
    if (token !== undefined && password !== token) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="rules"' }).end('who is there?')
    } else if (typeof behaviour === 'object') {
      response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body)
    } else {
      const { status, headers, body } = await runBackend(root, request)
      const sent = behaviour === 'half' ? body.subarray(0, Math.floor(body.byteLength / 2)) : body
      asked.answeredBytes = sent.byteLength
      response.writeHead(status, headers).end(sent)
    }
  }

  async function stop() {
    const stopped = server
    server = undefined
    if (stopped === undefined) return
    const closed = new Promise(resolve => stopped.close(resolve))
    stopped.closeAllConnections()
    await closed
  }

  await start()
  return {
    url: `http://127.0.0.1:${port}/rules.git`,
    folder,
    git,
    commit: (files, message = 'change rules', branch = 'main') => write(files, message, branch, false),
    forcePush: (files, branch = 'main') => write(files, 'start anew', branch, true),
    createBranch: async (branch, from = 'main') => {
      await git('branch', branch, from)
    },
    deleteBranch: async branch => {
      await git('update-ref', '-d', `refs/heads/${branch}`)
    },
    tag: async (name, branch = 'main') => {
      await git(...IDENTITY, 'tag', '--annotate', '--message', name, name, branch)
      return git('rev-parse', name)
    },
    requireToken: required => {
      token = required
    },
    behave: next => {
      behaviour = next
    },
    onRequest: next => {
      hook = next
    },
    requests,
    stop,
    start,
    close: async () => {
      await stop()
      await rm(root, { recursive: true, force: true })
    },
  }
}

const IDENTITY = ['-c', 'user.name=Tester', '-c', 'user.email=tester@example.org']
/** Whatever is configured on this machine has no say. */
const ENVIRONMENT = { PATH: process.env.PATH, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }

function runGit(cwd: string, args: string[], input?: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile('git', args, { cwd, env: ENVIRONMENT }, (error, stdout, stderr) => {
      if (error) reject(new Error(`git ${args.join(' ')}: ${stderr}`, { cause: error }))
      else resolve(stdout)
    })
    child.stdin?.end(input)
  })
}

/** The stream of `git fast-import`: one commit, without a work tree. */
function toImport(files: Record<string, Content>, message: string, ref: string, hasParent: boolean): Buffer {
  const seconds = Math.floor(Date.now() / 1000)
  const parts: (string | Buffer)[] = [
    hasParent ? '' : `reset ${ref}\n`,
    `commit ${ref}\ncommitter Tester <tester@example.org> ${seconds} +0000\n`,
    ...data(Buffer.from(message)),
    hasParent ? `from ${ref}^0\n` : 'deleteall\n',
  ]
  for (const [path, content] of Object.entries(files)) {
    const name = JSON.stringify(path)
    if (content === null) parts.push(`D ${name}\n`)
    else if (typeof content === 'string' || Buffer.isBuffer(content)) {
      parts.push(`M 100644 inline ${name}\n`, ...data(Buffer.from(content)))
    } else if ('link' in content) parts.push(`M 120000 inline ${name}\n`, ...data(Buffer.from(content.link)))
    else parts.push(`M 160000 ${content.submodule} ${name}\n`)
  }
  return Buffer.concat(parts.map(part => Buffer.from(part)))
}

function data(bytes: Buffer): (string | Buffer)[] {
  return [`data ${bytes.byteLength}\n`, bytes, '\n']
}

function credentialOf({ headers }: IncomingMessage): [string | undefined, string | undefined] {
  const [scheme, encoded = ''] = (headers.authorization ?? '').split(' ')
  if (scheme !== 'Basic') return [undefined, undefined]
  const [user, ...password] = Buffer.from(encoded, 'base64').toString().split(':')
  return [user, password.join(':')]
}

interface Answer {
  status: number
  headers: Record<string, string>
  body: Buffer
}

/** The CGI of `git http-backend`. */
async function runBackend(root: string, request: IncomingMessage): Promise<Answer> {
  const { pathname, search } = new URL(request.url ?? '/', 'http://localhost')
  const { headers } = request
  const child = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      ...ENVIRONMENT,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: request.method,
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: String(headers['content-encoding'] ?? ''),
      HTTP_GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
    },
  })
  child.stdin.on('error', () => child.kill())
  request.pipe(child.stdin)
  const chunks: Buffer[] = []
  for await (const chunk of child.stdout) chunks.push(chunk)
  const output = Buffer.concat(chunks)
  const end = output.indexOf('\r\n\r\n')
  const lines = output.subarray(0, end).toString('latin1').split('\r\n')
  const fields = lines.map(line => [
    line.slice(0, line.indexOf(':')),
    line.slice(line.indexOf(':') + 1).trim(),
  ])
  const { Status = '200', ...rest } = Object.fromEntries(fields) as Record<string, string>
  return { status: Number.parseInt(Status, 10), headers: rest, body: output.subarray(end + 4) }
}
