import type { ListedPlace, Run } from '../../core/resync/run.ts'
import type { Session } from './session.ts'

/** What runs that register datasets do in their own way; all else they have in common with those of re-sync. */
export interface RegisterRuns {
  /** What such a run lists: one place for each of its targets, which it names. */
  places(run: Run): Promise<ListedPlace[]>
  /** Lists a target's place and takes in what lies there. */
  scan(session: Session, place: ListedPlace): Promise<'done' | 'more'>
  /** Has versions cut, and follows them. Throws PermanentError where something is not registered in the end. */
  deliver(session: Session): Promise<void>
}
