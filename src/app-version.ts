import packageJson from '../package.json' with { type: 'json' }

/** Of Lakemark, as its package says. */
export const APP_VERSION: string = packageJson.version
