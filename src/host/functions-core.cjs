/**
 * What `require('@azure/functions-core')` gives inside this host. Node's resolve hooks can send a `require`
 * only to a real CommonJS file, hence this one; functions-core.ts fills the object in before anyone asks for
 * it.
 */
module.exports = {}
