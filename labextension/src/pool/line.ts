/** A line in which one can wait at the end, or go back to the front. */
export class Line<T> {
  private waiting: T[] = [];
  /** The place of the first: to move all others up would take time. */
  private at = 0;

  get length(): number {
    return this.waiting.length - this.at;
  }

  /** The first, which stays; undefined where there is none. */
  get first(): T | undefined {
    return this.waiting[this.at];
  }

  /** The last, which stays; undefined where there is none. */
  get last(): T | undefined {
    return this.length > 0 ? this.waiting.at(-1) : undefined;
  }

  /** All, in their order. */
  get items(): T[] {
    return this.waiting.slice(this.at);
  }

  push(item: T): void {
    this.waiting.push(item);
  }

  /** Take out the first; undefined where there is none. */
  shift(): T | undefined {
    const first = this.waiting[this.at];
    if (this.length > 0) {
      this.at += 1;
    }
    if (this.length === 0) {
      this.clear();
    }
    return first;
  }

  /** Take out the last. */
  pop(): void {
    if (this.length > 0) {
      this.waiting.pop();
    }
  }

  /** Put some before all others. */
  putBack(items: readonly T[]): void {
    if (items.length > 0) {
      this.waiting = [...items, ...this.items];
      this.at = 0;
    }
  }

  /** Keep only this many, the first ones. */
  keep(count: number): void {
    this.waiting = this.items.slice(0, count);
    this.at = 0;
  }

  /** Take out all. */
  clear(): T[] {
    const all = this.items;
    this.waiting = [];
    this.at = 0;
    return all;
  }
}
