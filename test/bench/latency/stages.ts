/** Where the time of a file goes: the requests between its drop and its version, from files that were alone. */
import { median } from '../intake/figures.ts'
import type { Series } from './series.ts'
import type { Span } from './spans.ts'

/** Medians, in ms since the file was dropped. */
export interface Stage {
  label: string
  start: number
  end: number
  takes: number
  /** Of the files that were looked at, how many had such a request. */
  share: number
}

/** The request that makes a version visible. */
export const REGISTERED = 'Azure ML PUT version'

/** What most files do not have is of no interest: looks into empty queues, and such. */
const MIN_SHARE = 0.5

/** When each version became visible, by asset and number. */
export function visibleTimes(spans: readonly Span[]): Map<string, number> {
  const registered = spans.filter(
    ({ label, status }) => label === REGISTERED && status >= 200 && status < 300,
  )
  return new Map(registered.map(({ asset, version, end }) => [`${asset} ${version}`, end]))
}

export function toStages(series: Series, spans: readonly Span[]): { files: number; stages: Stage[] } {
  const visible = visibleTimes(spans)
  const intervals = series.files.map(({ asset, version, droppedAt }) => ({
    start: droppedAt,
    end: visible.get(`${asset} ${version}`) ?? Number.POSITIVE_INFINITY,
  }))
  const others = [...intervals, ...series.bare]
  const alone = intervals.filter(one =>
    others.every(other => other === one || other.end < one.start || other.start > one.end),
  )
  const found = new Map<string, { start: number; end: number }[]>()
  for (const { start, end } of alone) {
    const seen = new Map<string, number>()
    for (const span of spans.filter(span => span.start >= start && span.start <= end)) {
      const nth = (seen.get(span.label) ?? 0) + 1
      seen.set(span.label, nth)
      const label = nth === 1 ? span.label : `${span.label} #${nth}`
      found.set(label, [...(found.get(label) ?? []), { start: span.start - start, end: span.end - start }])
    }
  }
  const stages = [...found].map(([label, times]) => ({
    label,
    start: median(times.map(time => time.start)),
    end: median(times.map(time => time.end)),
    takes: median(times.map(time => time.end - time.start)),
    share: times.length / alone.length,
  }))
  return {
    files: alone.length,
    stages: stages.filter(({ share }) => share >= MIN_SHARE).sort((a, b) => a.start - b.start),
  }
}
