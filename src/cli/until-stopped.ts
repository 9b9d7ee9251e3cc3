import { printableLines } from './terminal/printable.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const INTERRUPTED = 130

interface Running {
  /** Resolves, with what people are told, when it cannot go on. */
  broken: Promise<string> | undefined
  close(): Promise<void>
}

/**
 * Starts something and keeps the process until a signal comes; then closes it in peace. A second signal, for
 * those who do not want to wait, ends the process at once. Signals during the start count too.
 */
export async function untilStopped(start: () => Promise<Running>): Promise<void> {
  const signalled = new Promise<undefined>(resolve => {
    let seen = 0
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        seen += 1
        if (seen > 1) process.exit(INTERRUPTED)
        resolve(undefined)
      })
    }
  })
  const running = await start()
  const broken = await Promise.race([signalled, ...(running.broken === undefined ? [] : [running.broken])])
  if (broken !== undefined) {
    console.error(printableLines(broken))
    process.exitCode = 1
  }
  await running.close()
  process.exit()
}
