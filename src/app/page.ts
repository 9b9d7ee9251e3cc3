/** Lists come in pages, whoever holds them. */

export interface Page<T> {
  items: T[]
  /** Opaque; undefined: this was the last page. */
  continuation: string | undefined
}

export interface PageRequest {
  continuation?: string | undefined
  limit: number
}
