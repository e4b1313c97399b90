import type { ServerRequest } from "../../src/emulators/http-server.ts";
import type { Random } from "../support/random.ts";

/** Keys of rows, as text, by table. */
export type Keys = Readonly<Record<string, readonly string[]>>;

/** A checkpoint as it is stored. */
export interface StoredCheckpoint {
  readonly stream: string;
  readonly partition: string;
  readonly checkpoint: Readonly<Record<string, unknown>>;
}

/** Starts a fault of the service; the returned function ends it. */
type ServiceFault = (random: Random) => () => void;

/**
 * `smallPages`: pages have fewer rows than requested. `brokenObject`: requests for one object
 * always fail. `fraction`: a number that was an integer becomes a fraction.
 */
export type ServiceFaultName = "smallPages" | "brokenObject" | "fraction";

/** An emulator whose data changes at random. */
export interface ChaosService extends AsyncDisposable {
  /** Name of the program that copies it, without `-sync`. */
  readonly source: string;
  readonly url: string;
  /** Must not appear in any output. */
  readonly secret: string;
  /** The source's configuration, without `base_url`, paging and retries. */
  readonly sourceConfig: Readonly<Record<string, unknown>>;
  /** The configuration key for the page size. */
  readonly pageSizeSetting: "page_size" | "max_records_per_page";
  /** How far the program's clock is ahead of this computer's. Absent: not at all. */
  readonly clockAheadMs?: number | undefined;
  /** The columns that {@link Keys} are made of, by table. */
  readonly keyColumns: Readonly<Record<string, readonly string[]>>;
  /** Columns with the time at which a sync changed a row; they differ between two databases. */
  readonly syncTimeColumns?: readonly string[];
  readonly faults: Readonly<Partial<Record<ServiceFaultName, ServiceFault>>>;
  /** Endings of the paths whose responses show the number of the fault `fraction`. */
  readonly fractionPaths?: readonly string[];
  /** The same request for the first page of its list; undefined if it requests no page. */
  firstPageRequest(request: ServerRequest): ServerRequest | undefined;
  /** A page's body without its rows, with more pages to come; undefined if it is no such page. */
  emptyPage(body: string): string | undefined;
  /** Changes something, as its users would. */
  change(random: Random): void;
  /**
   * From now on, `change` brings nothing back that was deleted. Absent: it never does. State that
   * was restored by hand says of such an object that it is stored, while its rows are deleted.
   */
  forgetRemoved?(): void;
  /**
   * Lets so much time pass that the next sync marks what was deleted before the last one. Absent:
   * each sync marks it.
   */
  settle?(): void;
  /** What it has and a database can store. */
  storableKeys(): Keys;
  /** What cannot be read while the fault `brokenObject` lasts. */
  brokenKeys(): Keys;
  /** Number of its objects that no database can store; they belong in quarantine. */
  unstorableCount(): number;
  /** Rows that must be in the tables because these checkpoints say they were read. */
  keysReadBy(checkpoints: readonly StoredCheckpoint[]): Keys;
}

/** A kind of service, and how to start one that already has data. */
export interface ServiceKind {
  readonly name: string;
  start(random: Random): Promise<ChaosService>;
}

/** The text of a row's key, by which services and databases are compared. */
export function keyText(parts: readonly unknown[]): string {
  return parts.map(String).join(" ");
}
