/** Files that are dropped at a steady rate, whatever becomes of them, and bare calls in between. */
import { setTimeout as wait } from 'node:timers/promises'
import type { ContainerClient } from '@azure/storage-blob'
import type { BareTimes } from './bare-calls.ts'
import { nowMs } from './clock.ts'

export interface SeriesOptions {
  lake: ContainerClient
  bare: (index: string) => Promise<BareTimes>
  content: (index: number) => Buffer
  /** Which asset the file of a tick belongs to, and which version of it comes. */
  toFile: (index: number) => { asset: string; version: number }
  perSecond: number
  seconds: number
  /** After every so many files the bare calls are made, once. */
  bareEvery: number
  /** Names of bare calls of one series are not those of another. */
  name: string
}

/** Times as `nowMs` tells them. */
export interface Dropped {
  asset: string
  version: number
  droppedAt: number
  /** When the lake had answered. */
  answeredAt: number
}

export interface Series {
  startedAt: number
  files: Dropped[]
  bare: { start: number; end: number; times: BareTimes }[]
}

export async function runSeries(options: SeriesOptions): Promise<Series> {
  const { perSecond, seconds, bareEvery, name } = options
  const periodMs = 1000 / perSecond
  const ticks = Math.round(perSecond * seconds)
  const startedAt = nowMs()
  const series: Series = { startedAt, files: [], bare: [] }
  const underWay: Promise<unknown>[] = []
  for (let index = 0; index < ticks; index++) {
    await until(startedAt + index * periodMs)
    underWay.push(drop(options, index).then(file => series.files.push(file)))
    if (index % bareEvery !== 0) continue
    await until(startedAt + (index + 0.5) * periodMs)
    underWay.push(callBare(options.bare, `${name}-${index}`).then(calls => series.bare.push(calls)))
  }
  await Promise.all(underWay)
  return series
}

async function drop({ lake, content, toFile }: SeriesOptions, index: number): Promise<Dropped> {
  const file = toFile(index)
  const body = content(index)
  const blob = lake.getBlockBlobClient(`latency/${file.asset}.csv`)
  const droppedAt = nowMs()
  await blob.upload(body, body.length)
  return { ...file, droppedAt, answeredAt: nowMs() }
}

async function callBare(bare: SeriesOptions['bare'], index: string) {
  const start = nowMs()
  const times = await bare(index)
  return { start, end: nowMs(), times }
}

async function until(time: number): Promise<void> {
  const ms = time - nowMs()
  if (ms > 0) await wait(ms)
}
