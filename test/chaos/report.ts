/** What a run has come to, for people. */
import type { ChaosReport } from './chaos.ts'

const MAX_VIOLATIONS_SHOWN = 200

export function reportLines(report: ChaosReport): string[] {
  const { options, struck, troubles, violations } = report
  const rows: [string, string | number][] = [
    ['seed', options.seed],
    ['workers', options.workers],
    ['files in the lake', report.filesInLake],
    ['operations of the writer', report.operations],
    ['  attempts repeated', report.uploadsRepeated],
    ['  contents written in all', report.contents],
    ['assets', report.assets],
    ['versions in all workspaces', report.versions],
    ...[...struck].sort(([a], [b]) => (a < b ? -1 : 1)),
    ...Object.entries(troubles).sort(([a], [b]) => (a < b ? -1 : 1)),
    ['starts of workers repeated', report.startsRepeated],
    ['seconds of writing under fire', report.writingSeconds.toFixed(0)],
    ['seconds until all was quiet', report.quietSeconds.toFixed(0)],
    ['facts checked', report.checks],
    ['violations', violations.length],
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  const shown = violations.slice(0, MAX_VIOLATIONS_SHOWN).map(({ kind, what }) => `${kind}: ${what}`)
  const rest = violations.length - shown.length
  return [
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${String(value).padStart(8)}`),
    ...(violations.length > 0 ? ['', ...shown] : []),
    ...(rest > 0 ? [`and ${rest} more`] : []),
  ]
}
