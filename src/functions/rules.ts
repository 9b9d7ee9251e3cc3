import { app } from '@azure/functions'
import type { LakemarkOpener } from '../open-lakemark.ts'

/** The rules are kept up to date by a timer; a push webhook makes it faster. Six fields, seconds first. */
export function registerRules(lakemark: LakemarkOpener, schedule: string): void {
  app.timer('onRulesRefresh', {
    schedule,
    handler: async () => {
      const { keeper } = await lakemark()
      await keeper.refresh()
    },
  })
}
