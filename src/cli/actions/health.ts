import type { Health } from '../../app/questions/health.ts'
import type { JsonOption, ServiceOptions } from '../command.ts'
import { openService } from '../service/client.ts'
import { toJsonText } from '../terminal/json-text.ts'
import { paint } from '../terminal/paint.ts'
import { printable } from '../terminal/printable.ts'

const PARTS = [
  ['ledger', 'ledger'],
  ['agenda', 'agenda'],
  ['runs', 're-sync runs'],
  ['workQueue', 'work queue'],
  ['blobs', 'blobs'],
  ['rules', 'rules'],
  ['rulesSource', 'source of rules'],
  ['datastores', 'datastores'],
] as const satisfies readonly (readonly [keyof Health, string])[]

/** Prints whether the service is ready, which the exit code says too: 1 where it is not. */
export async function health({ json = false, ...options }: JsonOption & ServiceOptions): Promise<void> {
  const service = await openService(options)
  const found = await service.call<Health>('health')
  console.log(json ? toJsonText(found) : formatHealth(found))
  process.exitCode = found.status === 'ready' ? 0 : 1
}

function formatHealth(found: Health): string {
  const { status, version, rulesCount, rulesCommit, lastResync, lastResyncSuccessAt, counts } = found
  const line = (name: string, text: string) => `  ${name.padEnd(15)}  ${printable(text)}`
  const commit = rulesCommit === null ? '' : `, commit ${rulesCommit}`
  return [
    `${paint(status === 'ready' ? 'green' : 'red', printable(status))}, version ${printable(version)}`,
    ...PARTS.map(([name, words]) => {
      const text = line(words, found[name])
      return found[name] === 'ready' ? text : paint('red', text)
    }),
    ...(rulesCount === null ? [] : [line('in force', `${rulesCount} rules${commit}`)]),
    ...(lastResync === null
      ? []
      : [
          line(
            'last re-sync',
            `${lastResync.state} ${lastResync.endedAt ?? lastResync.startedAt ?? ''}: ${lastResync.listed} listed, ${lastResync.new} new, ${lastResync.failed} failed${lastResync.reason === null ? '' : ` (${lastResync.reason})`}`,
          ),
        ]),
    ...(lastResyncSuccessAt === null ? [] : [line('went well', lastResyncSuccessAt)]),
    ...countLines(counts),
  ].join('\n')
}

function countLines(counts: Health['counts']): string[] {
  const entries = Object.entries(counts)
  if (entries.length === 0) return []
  const width = Math.max(...entries.map(([name]) => name.length))
  const lines = entries.map(([name, number]) => printable(`  ${name.padEnd(width)}  ${number}`))
  return ['', 'Counted in this process since its start:', ...lines]
}
