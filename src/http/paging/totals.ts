/** What the pages of one walk said about the number of rows in the list. */
export class Totals {
  /** The latest; undefined where no page told. */
  latest: number | undefined;
  stable = true;
  /** Rows were deleted meanwhile, so that others may have moved to a page that was read already. */
  shrank = false;

  add(total: number | undefined): void {
    if (total === undefined) return;
    if (this.latest !== undefined && total !== this.latest) this.stable = false;
    if (this.latest !== undefined && total < this.latest) this.shrank = true;
    this.latest = total;
  }
}
