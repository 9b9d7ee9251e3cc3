import { describeSuite } from './describe-suite.ts'
import { httpChanges } from './http-changes.ts'

describeSuite(httpChanges)
