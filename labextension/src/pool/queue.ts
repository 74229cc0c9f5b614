/** First in, first out, with removal by id: the batches that wait for a worker. */
export class BatchQueue<T extends { batch: number }> {
  // A Map keeps insertion order and finds an id at once.
  private readonly waiting = new Map<number, T>();

  get length(): number {
    return this.waiting.size;
  }

  push(item: T): void {
    this.waiting.set(item.batch, item);
  }

  /** The item that has waited longest, taken out; undefined where none waits. */
  shift(): T | undefined {
    const first = this.waiting.values().next();
    if (first.done) {
      return undefined;
    }
    this.waiting.delete(first.value.batch);
    return first.value;
  }

  /** Take one item out. True where it was still waiting. */
  remove(batch: number): boolean {
    return this.waiting.delete(batch);
  }

  /** Take all items out. */
  clear(): T[] {
    const items = [...this.waiting.values()];
    this.waiting.clear();
    return items;
  }
}
