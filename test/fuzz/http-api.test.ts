import { describeSuite } from './describe-suite.ts'
import { httpApi } from './http-api.ts'

describeSuite(httpApi)
