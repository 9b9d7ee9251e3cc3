import { app, trigger } from '@azure/functions'
import type { LakemarkOpener } from '../open-lakemark.ts'
import { toEvents } from './events.ts'

/**
 * Events of Key Vault: of a secret that has a new version. The name is part of the Event Grid subscription's address.
 * Throwing makes Event Grid send them again; what is lost all the same is made good within the hour by onSweep.
 */
export function registerSecretEvents(lakemark: LakemarkOpener): void {
  app.generic('onSecretEvent', {
    trigger: trigger.generic({ type: 'eventGridTrigger', cardinality: 'many' }),
    handler: async (input: unknown) => {
      const { rotation } = await lakemark()
      await rotation.takeInSecretEvents(toEvents(input))
    },
  })
}
