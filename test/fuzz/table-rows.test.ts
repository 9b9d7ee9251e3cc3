import { describeSuite } from './describe-suite.ts'
import { tableRows } from './table-rows.ts'

describeSuite(tableRows)
