/**
 * Loaded into a worker before Lakemark itself (`--import`). The worker ends with its parent, however that ends:
 * its standard input is closed then. And its clock may go ahead by CHAOS_CLOCK_AHEAD_MS, which is how a short
 * run lets the minutes pass after which a dead process's leases are over.
 */
import type { Socket } from 'node:net'

const parent = process.stdin as unknown as Socket
parent.resume()
for (const end of ['error', 'close']) parent.once(end, () => process.exit(1))
parent.unref()

const aheadMs = Number(process.env.CHAOS_CLOCK_AHEAD_MS ?? 0)
if (aheadMs !== 0) {
  const RealDate = Date
  const now = () => RealDate.now() + aheadMs
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new RealDate(now()).toString(),
    get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
  })
}
