import { members } from "../json/text-scanner.ts";
import { messageOf } from "../core/errors.ts";
import { isObject, type JsonSchema } from "./json-schema.ts";

/** A record of a stream. */
export interface RecordMessage {
  readonly type: "RECORD";
  readonly stream: string;
  /** As `JSON.parse` reads it, which rounds numbers; `recordText` has what was sent. */
  readonly record: Readonly<Record<string, unknown>>;
  /** The version of its table. */
  readonly version: number | undefined;
  readonly recordText: () => string;
  /** When the tap had it from its source. */
  readonly extractedAt: string | undefined;
  /** Of the line. */
  readonly length: number;
}

/** What the records after it look like. */
export interface SchemaMessage {
  readonly type: "SCHEMA";
  readonly stream: string;
  readonly schema: JsonSchema;
  readonly keys: readonly string[];
}

/** From where the tap goes on once all that came before is stored. */
export interface StateMessage {
  readonly type: "STATE";
  /** JSON text, as it was sent. */
  readonly value: string;
}

/** Rows of an earlier version than this are gone. */
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
  readonly format: string;
  readonly compression: string | undefined;
}

export type Message =
  RecordMessage | SchemaMessage | StateMessage | ActivateVersionMessage | BatchMessage;

/** A message, and what rivulet's own tap says besides, which other targets do not look at. */
export interface ParsedLine {
  readonly message: Message;
  /** JSON text. */
  readonly extension: string | undefined;
}

/** A line that is no message; the text says why. */
export class LineError extends Error {
  override readonly name = "LineError";
}

/** The member of a message that holds what rivulet's own tap says besides. */
export const extensionMember = "rivulet";

/** Reads a line. Throws a LineError. */
export function parseLine(text: string): ParsedLine {
  const sent = parseObject(text);
  const extended = Object.hasOwn(sent, extensionMember);
  return {
    message: toMessage(sent, text),
    extension: extended ? members(text)?.get(extensionMember) : undefined,
  };
}

/** Reads a line of a file of records: a record, or a RECORD message of this stream. Throws a LineError. */
export function parseBatchLine(text: string, stream: string): RecordMessage {
  const sent = parseObject(text);
  if (sent["type"] === "RECORD" && sent["stream"] === stream && isObject(sent["record"]))
    return toRecord(sent, text);
  const { length } = text;
  const record = { record: sent, recordText: () => text, length };
  return { type: "RECORD", stream, ...record, version: undefined, extractedAt: undefined };
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

/** Without the text, which may be long. */
function briefReason(error: unknown): string {
  return messageOf(error)
    .replace(/^(Unexpected token '[^]+?'), [^]*$/, "$1")
    .slice(0, 80);
}

type JsonObject = Readonly<Record<string, unknown>>;

function toMessage(sent: JsonObject, text: string): Message {
  switch (sent["type"]) {
    case "RECORD":
      return toRecord(sent, text);
    case "SCHEMA":
      return toSchema(sent);
    case "STATE":
      return toState(text);
    case "ACTIVATE_VERSION":
      return {
        type: "ACTIVATE_VERSION",
        stream: requireStream(sent),
        version: requireVersion(sent),
      };
    case "BATCH":
      return toBatch(sent);
    default:
      throw new LineError(`unknown message type ${abbreviate(sent["type"])}`);
  }
}

function toRecord(sent: JsonObject, text: string): RecordMessage {
  const { record, version, time_extracted: extractedAt } = sent;
  if (!isObject(record)) throw new LineError("RECORD: expected an object as record");
  return {
    type: "RECORD",
    stream: requireStream(sent),
    record,
    version: version == null ? undefined : requireVersion(sent),
    recordText: () => members(text)?.get("record") ?? "{}",
    extractedAt: typeof extractedAt === "string" ? extractedAt : undefined,
    length: text.length,
  };
}

function toSchema(sent: JsonObject): SchemaMessage {
  const { schema, key_properties: keys = [] } = sent;
  if (!isObject(schema)) throw new LineError("SCHEMA: expected an object as schema");
  if (keys !== null && !isStringArray(keys))
    throw new LineError("SCHEMA: expected a list of names as key_properties");
  return { type: "SCHEMA", stream: requireStream(sent), schema, keys: [...new Set(keys ?? [])] };
}

function toState(text: string): StateMessage {
  const value = members(text)?.get("value");
  if (value === undefined) throw new LineError("STATE: expected a value");
  return { type: "STATE", value };
}

function toBatch(sent: JsonObject): BatchMessage {
  const { manifest, filepath, encoding } = sent;
  const files = manifest ?? (filepath === undefined ? undefined : [filepath]);
  if (!isStringArray(files))
    throw new LineError("BATCH: expected a list as manifest, or a filepath");
  const { format = "jsonl", compression } = isObject(encoding) ? encoding : sent;
  return {
    type: "BATCH",
    stream: requireStream(sent),
    files,
    format: typeof format === "string" ? format : "jsonl",
    compression: typeof compression === "string" ? compression : undefined,
  };
}

function requireStream({ type, stream }: JsonObject): string {
  if (typeof stream === "string") return stream;
  throw new LineError(`${String(type)}: expected the name of a stream`);
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
