import type { Transition } from '../../core/asset/asset.ts'
import type { IntakeState, Intent } from '../../core/asset/plan-intake.ts'

/** The state of an asset as far as some intents are concerned, and the etag that guards it, which may be to come. */
export type GuardedState = IntakeState & { etag: string | undefined | Promise<string> }

/** An asset as a commit leaves it. */
export interface Remembered extends GuardedState {
  /** Of the files in that commit. */
  keys: readonly string[]
  /** Whether the commit would have succeeded, or has, without reading. */
  isTrusted: boolean
}

/**
 * What this process remembers of assets from its own commits: guesses that save reading. A guess is worth nothing
 * until a commit under its etag has succeeded; it holds no file, so it is only good for files that are new.
 */
export interface RememberedAssets {
  /** From what is remembered, or from what is expected. Undefined: better read. */
  guess(asset: string, intents: readonly Intent[], expected?: Remembered): GuardedState | undefined
  /** A guess was wrong. */
  refuted(asset: string): void
  forget(asset: string): void
  /** What was read: whether a guess would have been right decides on the next one. */
  read(asset: string, state: GuardedState): void
  /** What the asset will be once a commit, and with it the etag, has come through. Undefined: too much to carry along. */
  expect(
    asset: string,
    before: GuardedState,
    transition: Transition,
    etag: string | Promise<string>,
  ): Remembered | undefined
  committed(asset: string, before: GuardedState, transition: Transition, etag: string): void
}

/** These at least are remembered, and twice as many at most. */
const MAX_ASSETS = 1000
/** An asset for which more gathers is not remembered: it would be too much to carry along. */
const MAX_GATHERINGS = 200
/** So many assets in a row that were seen for the first time: the next one may be assumed to be new. */
const NEW_IN_A_ROW = 8
const NO_FILES: GuardedState['files'] = new Map()
const NO_GATHERINGS: GuardedState['gatherings'] = new Map()
const UNHEARD_OF: GuardedState = {
  head: undefined,
  etag: undefined,
  files: NO_FILES,
  gatherings: NO_GATHERINGS,
}

export function createRememberedAssets(): RememberedAssets {
  /** In two generations, so that the oldest need not be looked for: all that are older than these go at once. */
  let [recent, older] = [new Map<string, Remembered>(), new Map<string, Remembered>()]
  let newInARow = 0

  function remember(asset: string, state: Remembered): void {
    if (recent.size >= MAX_ASSETS && !recent.has(asset)) [recent, older] = [new Map(), recent]
    recent.set(asset, state)
  }

  function recall(asset: string): Remembered | undefined {
    return recent.get(asset) ?? older.get(asset)
  }

  function forget(asset: string): void {
    recent.delete(asset)
    older.delete(asset)
  }

  return {
    guess(asset, intents, expected) {
      // A file that is gone was known before, as a rule.
      if (intents.some(({ content }) => content === undefined)) return undefined
      const known = expected ?? recall(asset)
      if (known === undefined) return newInARow >= NEW_IN_A_ROW ? UNHEARD_OF : undefined
      const { head, etag, gatherings, keys, isTrusted } = known
      const isComplete = gatherings.size === head?.open
      const knowsTargets = isComplete || intents.every(({ target }) => gatherings.has(target))
      if (!isTrusted || !knowsTargets) return undefined
      const committed = new Set(keys)
      const isRepeated = intents.some(({ key }) => committed.has(key))
      return isRepeated ? undefined : { head, etag, files: NO_FILES, gatherings }
    },

    refuted(asset) {
      const known = recall(asset)
      if (known === undefined) newInARow = 0
      else known.isTrusted = false
    },

    forget,

    read(asset, { head, etag, files }) {
      const known = recall(asset)
      if (known !== undefined) known.isTrusted = known.etag === etag && files.size === 0
      else newInARow = head === undefined ? newInARow + 1 : 0
    },

    expect: after,

    committed(asset, before, transition, etag) {
      const left = after(asset, before, transition, etag)
      if (left === undefined) forget(asset)
      else remember(asset, left)
    },
  }

  function after(
    asset: string,
    before: GuardedState,
    { head, files, newFiles, ...changed }: Transition,
    etag: string | Promise<string>,
  ): Remembered | undefined {
    if (head.open > MAX_GATHERINGS) return undefined
    const isTrusted = recall(asset)?.isTrusted ?? files.length === 0
    const keys = [...files, ...newFiles].map(({ key }) => key)
    return { head, etag, files: NO_FILES, gatherings: gatheringsAfter(before, changed), keys, isTrusted }
  }
}

function gatheringsAfter(
  { gatherings: before }: GuardedState,
  { gatherings, closedGatherings }: Pick<Transition, 'gatherings' | 'closedGatherings'>,
): GuardedState['gatherings'] {
  if (before.size === 0 && gatherings.length === 0) return NO_GATHERINGS
  const after = new Map(before)
  for (const gathering of gatherings) after.set(gathering.target, gathering)
  for (const target of closedGatherings) after.delete(target)
  return after
}
