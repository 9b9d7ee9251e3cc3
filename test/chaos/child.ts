/** Child processes that are killed, frozen and ended, always by their id. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'

const LAST_CHARACTERS = 4000

/** Even a frozen one ends with this process. */
const living = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL')
})

export interface Child {
  process: ChildProcess
  pid: number
  /** The last of what it printed. */
  output(): string
  /** When the process has ended, whoever ended it. Never rejects. */
  exited: Promise<string>
  /** Whether the end was ours to bring. */
  wasKilled(): boolean
  hasExited(): boolean
  /** kill -9. Resolves when it is gone. */
  kill(): Promise<void>
  /** SIGSTOP and SIGCONT: what a machine that is moved or swaps looks like. */
  freeze(): void
  thaw(): void
}

export interface ChildOptions {
  args: readonly string[]
  env?: Record<string, string>
  /** All that it prints is appended here. */
  logFile: string
  /** A channel for messages, which also ends the child with its parent. */
  withMessages?: boolean
}

/** Runs this Node with the arguments. Its standard input stays open for as long as this process lives. */
export function startChild({ args, env = {}, logFile, withMessages = false }: ChildOptions): Child {
  const stdio: SpawnOptions['stdio'] = ['pipe', 'pipe', 'pipe', ...(withMessages ? ['ipc' as const] : [])]
  const child = spawn(process.execPath, args, { env: { PATH: process.env.PATH ?? '', ...env }, stdio })
  const log = createWriteStream(logFile, { flags: 'a' })
  let last = ''
  let killed = false
  let ended = false
  living.add(child)
  child.stdin?.on('error', () => undefined)
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      last = (last + text).slice(-LAST_CHARACTERS)
      log.write(text)
    })
  }
  const exited = new Promise<string>(resolve => {
    const end = (how: string) => {
      ended = true
      living.delete(child)
      log.end()
      resolve(how)
    }
    child.once('error', error => end(`could not be run: ${error.message}`))
    child.once('close', (code, signal) => end(signal === null ? `exit code ${code}` : signal))
  })
  return {
    process: child,
    pid: child.pid ?? 0,
    output: () => last,
    exited,
    wasKilled: () => killed,
    hasExited: () => ended,
    async kill() {
      killed = true
      child.kill('SIGKILL')
      await exited
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  }
}
