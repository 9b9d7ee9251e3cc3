// What Azure's worker gives an app, as far as registering goes: @azure/functions asks for it by its name.
const callbacks = new Map()

class Disposable {
  dispose() {
    return undefined
  }
}

module.exports = {
  version: '4.1000.0',
  hostVersion: '4.1000.0',
  callbacks,
  Disposable,
  getProgrammingModel: () => undefined,
  setProgrammingModel: () => undefined,
  registerHook: () => new Disposable(),
  /** @type {(metadata: { name: string }, callback: () => unknown) => Disposable} */
  registerFunction(metadata, callback) {
    callbacks.set(metadata.name, callback)
    return new Disposable()
  },
  log: () => undefined,
}
