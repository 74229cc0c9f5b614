/** What the seals of a page tell of its wishes. */

export class Sealed {
  /** Whether seals can be seen here; a site's policy may forbid it. */
  private visible = true;

  /**
   * @param control a seal that is never broken
   * @param seals the seal of wish 1, of wish 2, and so on
   * @param isWhole whether a seal is whole
   */
  constructor(
    private readonly control: string,
    private readonly seals: string[],
    private readonly isWhole: (seal: string) => boolean
  ) {}

  /** Take more seals, which begin with that of a wish. */
  add(first: number, seals: string[]): void {
    this.seals.splice(first - 1, seals.length, ...seals);
  }

  /** The number of the last wish, if `known` wishes are known to be made; null if nothing tells. */
  last(known: number): number | null {
    let number = known;
    while (this.visible) {
      const seal = this.seals[number];
      if (seal === undefined) {
        return number > known ? number : null;
      }
      if (this.isWhole(seal)) {
        return number;
      }
      if (number === known) {
        this.visible = this.isWhole(this.control);
      }
      number += 1;
    }
    return null;
  }
}
