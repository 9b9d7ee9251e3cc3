import { TransientError } from './core/errors.ts'
import { SECOND } from './core/time.ts'

/** Rejects with TransientError where the work takes longer; what was begun is not waited for any more. */
export function createTimeLimit(limitMs: number) {
  return async function inTime<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new TransientError(`no answer within ${limitMs / SECOND} s`)), limitMs)
    })
    try {
      return await Promise.race([work, late])
    } finally {
      clearTimeout(timer)
    }
  }
}
