/**
 * Processes of a benchmark that answer calls of their parent: what is measured shares no event loop with what
 * measures it.
 */
import { fork } from 'node:child_process'

export interface Child {
  pid: number
  /** Rejects with what the call threw there, or when the process has ended. */
  call<T>(name: string, input?: unknown): Promise<T>
  /** Ends the process; what it has started and keeps must have been closed by a call before. */
  close(): Promise<void>
}

interface Question {
  id: number
  name: string
  input: unknown
}

type Reply = { id: number; result: unknown } | { id: number; error: string }

/** Starts a TypeScript file that calls `answerParent`; `flags`: of Node, beside those of this process. */
export function startChild(file: URL, flags: readonly string[] = []): Child {
  const child = fork(file, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: [...process.execArgv, ...flags],
  })
  const open = new Map<number, PromiseWithResolvers<unknown>>()
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  let asked = 0
  child.on('message', (message: Reply) => {
    const waiting = open.get(message.id)
    open.delete(message.id)
    if ('error' in message) waiting?.reject(new Error(message.error))
    else waiting?.resolve(message.result)
  })
  child.once('exit', code => {
    for (const { reject } of open.values()) reject(new Error(`${file.pathname} ended with code ${code}`))
    open.clear()
  })
  return {
    pid: child.pid ?? 0,
    call<T>(name: string, input?: unknown) {
      asked += 1
      const waiting = Promise.withResolvers<unknown>()
      open.set(asked, waiting)
      if (child.connected) child.send({ id: asked, name, input })
      else waiting.reject(new Error(`${file.pathname} has ended`))
      return waiting.promise as Promise<T>
    },
    close() {
      if (child.connected) child.disconnect()
      return exited
    },
  }
}

/** In the child: answers calls by name until the parent lets go, and ends the process then. */
// biome-ignore lint/suspicious/noExplicitAny: both ends of the calls are in one folder and agree on their shapes
export function answerParent(calls: Record<string, (input: any) => unknown>): void {
  process.on('message', (question: Question) => void answer(question))
  process.once('disconnect', () => process.exit(0))

  async function answer({ id, name, input }: Question): Promise<void> {
    try {
      const call = calls[name]
      if (call === undefined) throw new Error(`there is no call ${name}`)
      process.send?.({ id, result: await call(input) })
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  }
}
