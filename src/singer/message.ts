import { messageOf } from "../core/errors.ts";
import { members } from "../json/text-scanner.ts";
import { isObject, type JsonSchema } from "./json-schema.ts";

/** A row of a stream. */
export interface RecordMessage {
  readonly type: "RECORD";
  readonly stream: string;
  /** From `JSON.parse`, which rounds numbers; `recordText` is exact. */
  readonly record: Readonly<Record<string, unknown>>;
  /** The table version that it belongs to. */
  readonly version: number | undefined;
  /** The record's JSON text as object. */
  readonly recordText: () => string;
  /** When the tap read it from its source. */
  readonly extractedAt: string | undefined;
  /** The length of its line. */
  readonly length: number;
}

/** The shape of the records that follow. */
export interface SchemaMessage {
  readonly type: "SCHEMA";
  readonly stream: string;
  readonly schema: JsonSchema;
  readonly keys: readonly string[];
}

/** Where the tap resumes once everything before this message is stored. */
interface StateMessage {
  readonly type: "STATE";
  /** JSON text, as object. */
  readonly value: string;
}

/** Deletes all rows of other versions. */
export interface ActivateVersionMessage {
  readonly type: "ACTIVATE_VERSION";
  readonly stream: string;
  readonly version: number;
}

/** Files whose lines are records. */
export interface BatchMessage {
  readonly type: "BATCH";
  readonly stream: string;
  readonly files: readonly string[];
  /** The table version of records that have none of their own. */
  readonly version: number | undefined;
  readonly format: string;
  readonly compression: string | undefined;
}

/** A Singer message. */
export type Message =
  RecordMessage | SchemaMessage | StateMessage | ActivateVersionMessage | BatchMessage;

/** A message and its extension. */
export interface ParsedLine {
  readonly message: Message;
  /** JSON text; see `Extension`. */
  readonly extension: string | undefined;
}

/** A line is not a valid message; the error message says why. */
export class LineError extends Error {
  override readonly name = "LineError";
}

/** A BATCH is not valid. It must not be passed over: its records are not in the line. */
export class BatchError extends LineError {}

/** The member of a message that holds the extension of rivulet's own tap. */
export const extensionMember = "rivulet";

/**
 * Parses a line of a tap.
 *
 * @throws LineError
 */
export function parseLine(text: string): ParsedLine {
  const object = parseObject(text);
  const hasExtension = Object.hasOwn(object, extensionMember);
  return {
    message: toMessage(object, text),
    extension: hasExtension ? members(text)?.get(extensionMember) : undefined,
  };
}

/**
 * Parses a line of a BATCH file: a bare record, or a RECORD message of the stream.
 *
 * @throws LineError
 */
export function parseBatchLine(
  text: string,
  { stream, version }: Pick<BatchMessage, "stream" | "version">,
): RecordMessage {
  const object = parseObject(text);
  if (object["type"] === "RECORD" && object["stream"] === stream && isObject(object["record"])) {
    const record = toRecord(object, text);
    return { ...record, version: record.version ?? version };
  }
  const { length } = text;
  const record = { record: object, recordText: () => text, length };
  return { type: "RECORD", stream, ...record, version, extractedAt: undefined };
}

function parseObject(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (error) {
    throw new LineError(`not JSON (${briefReason(error)})`, { cause: error });
  }
  throw new LineError("not a JSON object");
}

/** Leaves out the quoted input, which may be long or secret. */
function briefReason(error: unknown): string {
  return messageOf(error)
    .replace(/^(Unexpected token '[^]+?'), [^]*$/, "$1")
    .slice(0, 80);
}

type JsonObject = Readonly<Record<string, unknown>>;

function toMessage(object: JsonObject, text: string): Message {
  switch (object["type"]) {
    case "RECORD":
      return toRecord(object, text);
    case "SCHEMA":
      return toSchema(object);
    case "STATE":
      return toState(text);
    case "ACTIVATE_VERSION":
      return {
        type: "ACTIVATE_VERSION",
        stream: requireStream(object),
        version: requireVersion(object),
      };
    case "BATCH":
      return toBatch(object);
    default:
      throw new LineError(`unknown message type ${abbreviate(object["type"])}`);
  }
}

function toRecord(object: JsonObject, text: string): RecordMessage {
  const { record, version, time_extracted: extractedAt } = object;
  if (!isObject(record)) throw new LineError("RECORD: expected an object as record");
  return {
    type: "RECORD",
    stream: requireStream(object),
    record,
    version: version == null ? undefined : requireVersion(object),
    recordText: () => members(text)?.get("record") ?? "{}",
    extractedAt: typeof extractedAt === "string" ? extractedAt : undefined,
    length: text.length,
  };
}

function toSchema(object: JsonObject): SchemaMessage {
  const { schema, key_properties: keys = [] } = object;
  if (!isObject(schema)) throw new LineError("SCHEMA: expected an object as schema");
  if (keys !== null && !isStringArray(keys))
    throw new LineError("SCHEMA: expected a list of names as key_properties");
  return { type: "SCHEMA", stream: requireStream(object), schema, keys: [...new Set(keys ?? [])] };
}

function toState(text: string): StateMessage {
  const value = members(text)?.get("value");
  if (value === undefined) throw new LineError("STATE: expected a value");
  return { type: "STATE", value };
}

function toBatch(object: JsonObject): BatchMessage {
  try {
    return parseBatch(object);
  } catch (error) {
    throw error instanceof LineError ? new BatchError(error.message, { cause: error }) : error;
  }
}

function parseBatch(object: JsonObject): BatchMessage {
  const { manifest, filepath, encoding, version } = object;
  const files = manifest ?? (filepath === undefined ? undefined : [filepath]);
  if (!isStringArray(files))
    throw new LineError("BATCH: expected a list of files as manifest, or a filepath");
  const { format = "jsonl", compression } = isObject(encoding) ? encoding : object;
  return {
    type: "BATCH",
    stream: requireStream(object),
    files,
    version: version == null ? undefined : requireVersion(object),
    format: typeof format === "string" ? format : "jsonl",
    compression: typeof compression === "string" ? compression : undefined,
  };
}

function requireStream({ type, stream }: JsonObject): string {
  if (typeof stream === "string") return stream;
  throw new LineError(`${String(type)}: expected a stream name`);
}

function requireVersion({ type, version }: JsonObject): number {
  if (Number.isSafeInteger(version)) return Number(version);
  throw new LineError(`${String(type)}: expected an integer as version`);
}

function isStringArray(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string");
}

function abbreviate(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? "(none)" : text.slice(0, 60);
}
