/** The entry of the function app in Azure: `main` in package.json leads here. */
import { readConfig } from '../config.ts'
import { openLakemark } from '../open-lakemark.ts'
import { openAudit } from './open-audit.ts'
import { registerFunctions } from './register.ts'

const config = readConfig()
registerFunctions({ ...config, lakemark: openLakemark(config), audit: openAudit(config.storage) })
