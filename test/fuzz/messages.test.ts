import { describeSuite } from './describe-suite.ts'
import { messages } from './messages.ts'

describeSuite(messages)
