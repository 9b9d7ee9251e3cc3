import { armAnswers } from './arm-answers.ts'
import { describeSuite } from './describe-suite.ts'

describeSuite(armAnswers)
