import { blobNames } from './blob-names.ts'
import { describeSuite } from './describe-suite.ts'

describeSuite(blobNames)
