/** A bounded map: the least recently used entry makes room for a new one, and is counted. */
export class Lru<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #max: number;
  #evicted = 0;

  /** @param max most entries held, at least 1 */
  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Entries that made room since the start. */
  get evicted(): number {
    return this.#evicted;
  }

  /** The value, now the most recently used, or undefined. */
  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#max) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      this.#evicted += 1;
      return;
    }
  }
}
