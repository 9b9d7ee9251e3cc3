import { describeSuite } from './describe-suite.ts'
import { ruleFiles } from './rule-files.ts'

describeSuite(ruleFiles)
