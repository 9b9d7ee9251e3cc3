import type { Transition } from '../core/asset/asset.ts'
import type { IntakeState, Intent } from '../core/asset/plan-intake.ts'

/** The state of an asset as far as some intents are concerned, and the etag that guards it. */
export type GuardedState = IntakeState & { etag: string | undefined }

/**
 * What this process remembers of assets from its own commits: guesses that save reading. A guess is worth nothing
 * until a commit under its etag has succeeded; it holds no file, so it is only good for files that are new.
 */
export interface RememberedAssets {
  /** Undefined: better read. */
  guess(asset: string, intents: readonly Intent[]): GuardedState | undefined
  /** A guess was wrong. */
  refuted(asset: string): void
  /** What was read: whether a guess would have been right decides on the next one. */
  read(asset: string, state: GuardedState): void
  committed(asset: string, before: GuardedState, transition: Transition, etag: string): void
}

interface Remembered extends GuardedState {
  /** Of the files in the last commit. */
  keys: ReadonlySet<string>
  /** Whether the last commit would have succeeded, or has, without reading. */
  isTrusted: boolean
}

const MAX_ASSETS = 1000
/** An asset for which more gathers is not remembered: it would be too much to carry along. */
const MAX_GATHERINGS = 200
/** So many assets in a row that were seen for the first time: the next one may be assumed to be new. */
const NEW_IN_A_ROW = 8

export function createRememberedAssets(): RememberedAssets {
  const remembered = new Map<string, Remembered>()
  let newInARow = 0

  function remember(asset: string, state: Remembered): void {
    remembered.delete(asset)
    remembered.set(asset, state)
    const [oldest] = remembered.keys()
    if (remembered.size > MAX_ASSETS && oldest !== undefined) remembered.delete(oldest)
  }

  return {
    guess(asset, intents) {
      // A file that is gone was known before, as a rule.
      if (intents.some(({ content }) => content === undefined)) return undefined
      const known = remembered.get(asset)
      if (known === undefined) {
        const isNew = newInARow >= NEW_IN_A_ROW
        return isNew
          ? { head: undefined, etag: undefined, files: new Map(), gatherings: new Map() }
          : undefined
      }
      const { head, etag, gatherings, keys, isTrusted } = known
      const isComplete = gatherings.size === head?.open
      const knowsTargets = isComplete || intents.every(({ target }) => gatherings.has(target))
      const isRepeated = intents.some(({ key }) => keys.has(key))
      return isTrusted && knowsTargets && !isRepeated
        ? { head, etag, files: new Map(), gatherings }
        : undefined
    },

    refuted(asset) {
      const known = remembered.get(asset)
      if (known === undefined) newInARow = 0
      else known.isTrusted = false
    },

    read(asset, { head, etag, files }) {
      const known = remembered.get(asset)
      if (known !== undefined) known.isTrusted = known.etag === etag && files.size === 0
      else newInARow = head === undefined ? newInARow + 1 : 0
    },

    committed(asset, before, transition, etag) {
      if (transition.head.open > MAX_GATHERINGS) {
        remembered.delete(asset)
        return
      }
      const { head, files, newFiles } = transition
      const isTrusted = remembered.get(asset)?.isTrusted ?? files.length === 0
      const gatherings = new Map(before.gatherings)
      for (const gathering of transition.gatherings) gatherings.set(gathering.target, gathering)
      for (const target of transition.closedGatherings) gatherings.delete(target)
      const keys = new Set([...files, ...newFiles].map(({ key }) => key))
      remember(asset, { head, etag, files: new Map(), gatherings, keys, isTrusted })
    },
  }
}
