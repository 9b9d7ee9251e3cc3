import { hash } from 'node:crypto'
import { nameOf } from '../listing/blob-text.ts'

const ONE_IN = 100

/** Whether the file's event is one of those that were lost: about one in a hundred, the same every time. */
export function isLost(path: string): boolean {
  return hash('sha256', path, 'buffer').readUInt32BE(0) % ONE_IN === 0
}

/** How many of the first so many are. */
export function countLost(blobs: number): number {
  let lost = 0
  for (let number = 0; number < blobs; number += 1) if (isLost(nameOf(number))) lost += 1
  return lost
}
