// The entry of the packaged app. What V8 has compiled is kept for the next process on the same instance: in the
// folder for temporary files, since the app's own is read-only where it runs from its package.
const { enableCompileCache, flushCompileCache } = require('node:module')

const SETTLED_MS = 20_000

enableCompileCache()
// @ts-expect-error: it lies beside this file in the package
require('./app.js').load('app.js')
// A worker is killed, and would never come to keep it at its end.
setTimeout(flushCompileCache, SETTLED_MS).unref()
