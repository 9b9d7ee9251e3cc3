import { describeSuite } from './describe-suite.ts'
import { terminal } from './terminal.ts'

describeSuite(terminal)
