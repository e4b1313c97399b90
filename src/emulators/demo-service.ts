import type { RequestListener } from "node:http";

/** A stand-in service with something in it, for `rivulet demo`. */
export interface DemoService {
  /** The name of the source that reads it. */
  readonly source: string;
  readonly listener: RequestListener;
  /** How the source is configured besides `base_url`. */
  readonly settings: Readonly<Record<string, string>>;
  /** Changes something, as a user would meanwhile, and says what. */
  change(): string;
}
