import { withCallerMessage } from "../core/caller-message.ts";
import { SourceError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { massDeletionKey } from "../core/mass-deletion-fields.ts";
import type { ReadOptions } from "../core/source.ts";

/** How much a listing shows, and how much the last one that was believed had shown. */
export interface ListingSizes {
  /** 0 if no listing was believed before. */
  readonly believed: number;
  readonly shown: number;
}

/**
 * Whether a listing lacks so much that a fault of the service, or of the login, is likelier than
 * deletions: it shows none of 5 or more, or less than half and at least 20 fewer than the last
 * listing that was believed.
 *
 * Such a listing marks nothing as deleted, and its size is not remembered as believed, so that
 * the next sync refuses it, too. The source throws a MassDeletionError, unless the person who runs
 * the sync has set `ReadOptions.allowMassDeletion`, or what the source reads has changed.
 */
export function isMassDeletion({ believed, shown }: ListingSizes): boolean {
  if (shown === 0) return believed >= 5;
  return shown < believed / 2 && believed - shown >= 20;
}

/** A listing, as it is judged. */
export interface JudgedListing extends ListingSizes {
  /** What was listed, for example the name of a project. */
  readonly where: string;
  /** The plural noun of what is listed: `runs`. */
  readonly noun: string;
}

/** A listing lacks so much that nothing was marked as deleted. Exit status 1. */
export class MassDeletionError extends SourceError {
  constructor({ where, noun, believed, shown }: JudgedListing) {
    super(
      `${where}: lists ${shown} ${noun}, ${believed} the last time; nothing was marked as deleted; if the others are gone for good, sync once with --allow-mass-deletion or ${massDeletionKey}: true`,
    );
    withCallerMessage(
      this,
      `the service lists far fewer ${noun} than before; nothing was marked as deleted; if the others are gone for good, set ${massDeletionKey} and sync once`,
    );
  }
}

/** Why nothing may be marked because of a listing; undefined if it is believed. */
export function refusalOf(
  listing: JudgedListing,
  { allowMassDeletion = false }: Pick<ReadOptions, "allowMassDeletion">,
): MassDeletionError | undefined {
  return allowMassDeletion || !isMassDeletion(listing) ? undefined : new MassDeletionError(listing);
}

/**
 * Warns of a listing that lacks that much because something else was asked for than before, which
 * refuses nothing.
 *
 * @param changed - What is different: `its path was`.
 */
export function warnOfChange(listing: JudgedListing, changed: string, log: Log): void {
  const { where, noun, believed, shown } = listing;
  if (!isMassDeletion(listing)) return;
  log.warning(
    `${where}: lists ${shown} ${noun}, ${believed} before ${changed} changed; the others are marked as deleted`,
  );
}

/**
 * Judges the listings that belong together in one sync: once one of them is refused, nothing more
 * is marked as deleted in any of their tables.
 */
export class ListingJudge {
  #refusal: MassDeletionError | undefined;

  /** The first listing that was refused. Its stream throws it at the end. */
  get refusal(): MassDeletionError | undefined {
    return this.#refusal;
  }

  /** Judges a listing. Returns the size to remember as the one that was last believed. */
  believedSize(listing: JudgedListing, options: Pick<ReadOptions, "allowMassDeletion">): number {
    const refusal = refusalOf(listing, options);
    if (!refusal) return listing.shown;
    this.#refusal ??= refusal;
    return listing.believed;
  }
}
