import { describeSuite } from './describe-suite.ts'
import { events } from './events.ts'

describeSuite(events)
