import { keyOf } from '../../core/asset/fingerprint.ts'
import { toIntent } from '../../core/asset/to-intent.ts'
import { UnreadableError } from '../../core/errors.ts'
import type { Match } from '../../core/matching.ts'
import { forEachAtMost } from '../concurrency.ts'
import type { MatchingRules } from '../intake/intake.ts'
import type { LakePlace, Ledger, ListedBlob, Log } from '../ports.ts'

const ASSETS_AT_ONCE = 16
/** Files of one asset that are asked for at a time. */
const FILES_PER_READ = 100

export interface Wanted {
  position: number
  blob: ListedBlob
  matches: Match[]
}

/** What a file is to the ledger, the later in this list the weightier. 'unreadable': to an asset of which nothing can be read. */
export const VERDICTS = ['known', 'refused', 'changed', 'new', 'unreadable'] as const
export type Verdict = (typeof VERDICTS)[number]

export interface Judgement {
  verdict: Verdict
  /** That the file is to be part of. */
  assets: string[]
}

interface Question {
  key: string
  etag: string
  judgement: Judgement
}

/** What the ledger knows of these files: a file is as new as the newest that it is to any of its assets. */
export function createJudge({ ledger, log }: { ledger: Pick<Ledger, 'readFiles'>; log: Log }) {
  return async function judge(
    { account, container }: LakePlace,
    wanted: readonly Wanted[],
    rules: MatchingRules,
  ): Promise<Judgement[]> {
    const judgements = wanted.map((): Judgement => ({ verdict: 'known', assets: [] }))
    const byAsset = new Map<string, Question[]>()
    for (const [index, { blob, matches }] of wanted.entries()) {
      const { path, etag, sizeBytes } = blob
      const ref = { account, container, path }
      const judgement = judgements[index] as Judgement
      for (const match of matches) {
        const made = toIntent({ ref, content: { etag, sizeBytes }, sequencer: undefined }, match, rules)
        if ('refused' in made) {
          weigh(judgement, 'refused')
          continue
        }
        judgement.assets.push(made.asset)
        const questions = byAsset.get(made.asset) ?? []
        questions.push({ key: keyOf(ref), etag, judgement })
        byAsset.set(made.asset, questions)
      }
    }
    await forEachAtMost(ASSETS_AT_ONCE, [...byAsset], ([asset, questions]) => ask(asset, questions))
    return judgements
  }

  async function ask(asset: string, questions: readonly Question[]): Promise<void> {
    for (let from = 0; from < questions.length; from += FILES_PER_READ) {
      const some = questions.slice(from, from + FILES_PER_READ)
      const files = await filesOf(asset, some)
      for (const { key, etag, judgement } of some) {
        const known = files?.get(key)
        if (files === undefined) weigh(judgement, 'unreadable')
        else if (known === undefined) weigh(judgement, 'new')
        else if (known.removed || known.etag !== etag) weigh(judgement, 'changed')
      }
    }
  }

  /** Undefined: what the ledger holds of the asset cannot be read, and the other assets are none the worse for it. */
  async function filesOf(asset: string, questions: readonly Question[]) {
    try {
      const { files } = await ledger.readFiles(asset, { files: questions.map(({ key }) => key), targets: [] })
      return files
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error
      log.error('re-sync cannot read an asset', { asset, files: questions.length, error })
      return undefined
    }
  }
}

function weigh(judgement: Judgement, verdict: Verdict): void {
  if (VERDICTS.indexOf(verdict) > VERDICTS.indexOf(judgement.verdict)) judgement.verdict = verdict
}
