import { type ChildProcess, spawn } from 'node:child_process'
import { copyFile, mkdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nowMs } from '../latency/clock.ts'

/** One way to start a process. */
export interface Start {
  /** Of the app; undefined: Node has nothing to do. */
  entry: string | undefined
  /**
   * All functions are registered; or onBlobEvent's first request has come to the storage, or, where it has to ask who
   * it is first, to the managed identity's endpoint; or it has answered, over a storage that answers.
   */
  until: 'registered' | 'asked' | 'asked as identity' | 'answered'
  /** Whether V8 finds what it has compiled at an earlier start. */
  cache: 'none' | 'kept'
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const START = fileURLToPath(new URL('./start.cjs', import.meta.url))
const CORE = fileURLToPath(new URL('./functions-core.cjs', import.meta.url))
const LIMIT_MS = 60_000

/**
 * Starts processes and takes the time, over something that is asked and never answers, or over the storage of
 * `connectionString`. What they find of `@azure/functions-core` is our own, as the worker gives them its own.
 */
export async function createStarter(home: string, connectionString: string) {
  const modules = join(home, 'modules')
  await mkdir(join(modules, '@azure/functions-core'), { recursive: true })
  await copyFile(CORE, join(modules, '@azure/functions-core/index.js'))

  let onRequest: () => void = () => undefined
  const storage = createServer(socket => {
    socket.on('error', () => socket.destroy())
    socket.once('data', () => onRequest())
  })
  await new Promise<void>(resolve => storage.listen(0, '127.0.0.1', resolve))
  const address = storage.address()
  if (address === null || typeof address === 'string') throw new Error('the storage has no port')
  const silent = `http://127.0.0.1:${address.port}`

  const settingsOf = (until: Start['until']): Record<string, string> => {
    if (until === 'answered') return { AzureWebJobsStorage: connectionString }
    if (until === 'asked as identity') {
      return {
        AzureWebJobsStorage__accountName: 'lakemarkcold',
        AzureWebJobsStorage__clientId: '11111111-1111-4111-8111-111111111111',
        IDENTITY_ENDPOINT: `${silent}/msi/token`,
        IDENTITY_HEADER: 'cold',
      }
    }
    const url = `${silent}/devstoreaccount1`
    return {
      AzureWebJobsStorage: `DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=a2V5;BlobEndpoint=${url};QueueEndpoint=${url};TableEndpoint=${url}`,
    }
  }

  const launch = (args: string[], until: Start['until'], cache: Start['cache']) =>
    spawn(process.execPath, args, {
      cwd: ROOT,
      env: {
        PATH: process.env.PATH ?? '',
        NODE_PATH: modules,
        LAKEMARK_AUTH: 'none',
        ...settingsOf(until),
        ...(cache === 'kept'
          ? { NODE_COMPILE_CACHE: join(home, 'compiled') }
          : { NODE_DISABLE_COMPILE_CACHE: '1' }),
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    })

  /** Milliseconds from the start of the process to its end, or to the first request. */
  async function start({ entry, until, cache }: Start): Promise<number> {
    const requested = new Promise<void>(resolve => {
      onRequest = resolve
    })
    const startedAt = nowMs()
    const child = launch(entry === undefined ? ['-e', '0'] : [START, entry, until], until, cache)
    const ended = endOf(child)
    if (until === 'registered' || until === 'answered') await ended
    else
      await Promise.race([
        requested,
        ended.then(() => Promise.reject(new Error('it ended without a request'))),
      ])
    const ms = nowMs() - startedAt
    child.kill('SIGKILL')
    await ended
    return ms
  }

  return {
    start,
    /** Fills the cache that `kept` finds, with all that a start compiles until it has answered, or has asked who it is. */
    async keepCompiled(entry: string) {
      for (const until of ['answered', 'asked as identity'] as const)
        await endOf(launch([START, entry, 'settled'], until, 'kept'))
    },
    close: () => new Promise(resolve => storage.close(resolve)),
  }
}

/** Rejects where the process ends by itself with an error, or does not end. */
function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => child.kill('SIGTERM'), LIMIT_MS)
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      clearTimeout(late)
      if (code === 0 || signal === 'SIGKILL') resolve()
      else reject(new Error(`the process ended with ${code ?? signal}`))
    })
  })
}
