import type { ServerRequest } from "../../src/emulators/http-server.ts";
import type { Random } from "../support/random.ts";

/** Keys, as text, of what stands in each table. */
export type Keys = Readonly<Record<string, readonly string[]>>;

/** A checkpoint as it is stored. */
export interface StoredCheckpoint {
  readonly stream: string;
  readonly partition: string;
  readonly checkpoint: Readonly<Record<string, unknown>>;
}

/** What a service may do to its clients by itself; calling it ends it again. */
export type Trap = (random: Random) => () => void;

/** `caps`: pages are smaller than asked for; `breaks`: one object always fails; `fraction`: a number that was whole is not any more. */
export type TrapName = "caps" | "breaks" | "fraction";

/** A stand-in for a service whose users never rest. */
export interface ChaosService extends AsyncDisposable {
  /** The program that copies it, without `-sync`. */
  readonly source: string;
  readonly url: string;
  /** What the program shows nowhere. */
  readonly secret: string;
  /** The part of the configuration that is the source's, but for how it is paged and how patient it is. */
  readonly section: Readonly<Record<string, unknown>>;
  /** The setting that says how many rows to ask for at once. */
  readonly pageSize: "page_size" | "max_records_per_page";
  /** By how many milliseconds the program's clock is ahead of this computer's. Absent: not at all. */
  readonly aheadMs?: number;
  /** The columns by which `held` names rows, by table. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
  /** Columns that say when a sync changed a row, and so differ between two databases. */
  readonly stamped?: readonly string[];
  readonly traps: Readonly<Partial<Record<TrapName, Trap>>>;
  /** The ends of the paths under which the number stands that is not whole any more. */
  readonly fractionPaths?: readonly string[];
  /** The same request for the first page of its list; undefined where it is not about a page. */
  firstPage(request: ServerRequest): ServerRequest | undefined;
  /** A page of which the rows are missing, with more to come; undefined where the answer is no such page. */
  emptied(body: string): string | undefined;
  /** Something that its users do. */
  change(random: Random): void;
  /** What it holds and a database can store. */
  held(): Keys;
  /** What of it cannot be read as long as `breaks` lasts. */
  broken(): Keys;
  /** How many of its objects no database can store: they belong into quarantine. */
  unstorable(): number;
  /** What has to stand in the tables because these checkpoints say that it was read; what cannot be told is left out. */
  earned(checkpoints: readonly StoredCheckpoint[]): Keys;
}

/** A kind of service, and how to make one with a history. */
export interface ServiceKind {
  readonly name: string;
  start(random: Random): Promise<ChaosService>;
}

/** The key of a row by which services and databases are compared. */
export function keyText(parts: readonly unknown[]): string {
  return parts.map(String).join(" ");
}
