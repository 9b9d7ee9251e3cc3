import { reasonOf } from '../core/errors.ts'
import { invocationOf } from './invoker.ts'
import type { HostLog } from './log.ts'

/**
 * Keeps the process alive when an invocation leaves a rejected promise or a throwing callback behind: such an
 * error reaches no `catch` and is logged instead. What does not come from an invocation stays as fatal as it
 * was. Returns the function that ends the watch.
 */
export function watchStrayErrors(log: HostLog): () => void {
  const onStray = (event: 'uncaughtException' | 'unhandledRejection') => (error: unknown) => {
    const invocation = invocationOf.getStore()
    if (invocation !== undefined) {
      log('error', 'a function left an error behind', { ...invocation, error: reasonOf(error) })
    } else if (process.listenerCount(event) === 1) {
      die(error)
    }
  }
  const onException = onStray('uncaughtException')
  const onRejection = onStray('unhandledRejection')
  process.on('uncaughtException', onException)
  process.on('unhandledRejection', onRejection)

  function stop(): void {
    process.off('uncaughtException', onException)
    process.off('unhandledRejection', onRejection)
  }

  /** Without listeners Node prints the error and exits, as it would have done. */
  function die(error: unknown): void {
    stop()
    queueMicrotask(() => {
      throw error
    })
  }

  return stop
}
