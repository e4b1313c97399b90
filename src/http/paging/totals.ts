/** The totals that the pages of one traversal reported. */
export class Totals {
  /** The latest; undefined if no page reported one. */
  latest: number | undefined;
  /** All totals so far are the same. */
  stable = true;
  /** Rows were deleted meanwhile, so others may have moved to a page that was already read. */
  shrank = false;

  /** Records a page's total, if it reported one. */
  add(total: number | undefined): void {
    if (total === undefined) return;
    if (this.latest !== undefined && total !== this.latest) this.stable = false;
    if (this.latest !== undefined && total < this.latest) this.shrank = true;
    this.latest = total;
  }
}
