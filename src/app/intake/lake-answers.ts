import type { Intent } from '../../core/asset/plan-intake.ts'
import type { BlobRef } from '../../core/blob-ref.ts'
import { TransientError } from '../../core/errors.ts'
import type { BlobProperties, Lake } from '../ports.ts'

/** What became of one question: one file's failure is not its neighbours'. */
type Settled<Result> = { result: Result } | { error: unknown }

/**
 * Intents as the lake answers them, asked for here and now: what it says after a state was read is at least as new
 * as anything recorded in that state. One question a file: of two answers nobody could tell which is the newer.
 */
export function createLakeAnswers(lake: Lake) {
  return async function answers(intents: readonly Intent[]): Promise<Map<Intent, Settled<Intent>>> {
    const byFile = new Map<string, Promise<Settled<BlobProperties | undefined>>>()
    for (const { key, ref } of intents) if (!byFile.has(key)) byFile.set(key, ask(ref))
    const answered = new Map<Intent, Settled<Intent>>()
    for (const intent of intents) {
      const answer = (await byFile.get(intent.key)) as Settled<BlobProperties | undefined>
      const content = 'error' in answer ? undefined : answer.result
      answered.set(
        intent,
        'error' in answer ? answer : { result: { ...intent, content, sequencer: undefined, observed: true } },
      )
    }
    return answered
  }

  async function ask(ref: BlobRef): Promise<Settled<BlobProperties | undefined>> {
    try {
      const blob = await lake.head(ref)
      if (blob?.isBeingCopied) throw new TransientError(`a copy into ${ref.path} has not ended`)
      return { result: blob }
    } catch (error) {
      return { error }
    }
  }
}
