import type { RequestListener } from "node:http";

/** An emulator filled with sample data, for `rivulet demo`. */
export interface DemoService {
  /** The name of the source that reads it. */
  readonly source: string;
  /** Answers the emulator's HTTP requests. */
  readonly listener: RequestListener;
  /** The source's configuration besides `base_url`. */
  readonly settings: Readonly<Record<string, string>>;
  /** Changes some data, as a user of the service would, and returns a description of the change. */
  change(): string;
}
