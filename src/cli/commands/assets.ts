import type { AssetsOptions } from '../actions/assets.ts'
import {
  defineCommand,
  JSON_OPTION,
  LIMIT_OPTION,
  RULE_OPTION,
  SERVICE_OPTIONS,
  WORKSPACE_OPTION,
} from '../command.ts'

export const assetsCommand = defineCommand({
  name: 'assets',
  group: 'The service:',
  summary: 'assets by a filter; one; or one version with its members',
  description: 'assets that a filter leaves; or one, or one version of it with its members',
  arguments: [
    { name: 'name', optional: true, description: 'one asset, with its newest versions', completes: 'assets' },
    { name: 'version', optional: true, description: 'one version: all that is known of it, and its members' },
  ],
  options: [
    RULE_OPTION,
    WORKSPACE_OPTION,
    {
      flags: '--state <state>',
      description: 'of the newest version; gathering: files wait to be cut into one',
      choices: ['pending', 'registered', 'failed', 'gathering'],
    },
    { flags: '--q <text>', description: 'part of the name; with a * at its end what it begins with' },
    LIMIT_OPTION,
    JSON_OPTION,
    ...SERVICE_OPTIONS,
  ],
  example: 'assets --state failed --workspace ml-retail',
  async run(name: string | undefined, version: string | undefined, options: AssetsOptions) {
    const { assets } = await import('../actions/assets.ts')
    await assets(name, version, options)
  },
})
