import { createLakemark, type Lakemark, type World } from '../../src/wiring.ts'

/**
 * A process over a world's ports that dies with its n-th call of one of them: that call is not made, or made and not
 * answered, and no other is made.
 */
export function createDoomed(
  world: World,
  ports: readonly (keyof World & string)[],
  n: number,
  isMade: boolean,
): { lakemark: Lakemark; calls: () => number } {
  let calls = 0
  const doom = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const value = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return async (...parameters: unknown[]) => {
          calls += 1
          if (calls > n || (calls === n && !isMade)) throw new Error('the process is dead')
          const answer: unknown = await value.apply(target, parameters)
          if (calls >= n) throw new Error('the process is dead')
          return answer
        }
      },
    })
  const doomed = Object.fromEntries(ports.map(name => [name, doom(world[name] as object)]))
  return { lakemark: createLakemark({ ...world, ...doomed }), calls: () => calls }
}
