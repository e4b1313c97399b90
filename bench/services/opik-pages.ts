import { seededRandom } from "../../src/emulators/random.ts";

/** The data of an Opik server. */
export interface OpikShape {
  readonly datasets: number;
  readonly itemsPerDataset: number;
  readonly pageSize: number;
  /** Random ids, or descending ones, as Opik generates itself. */
  readonly ids: "random" | "descending";
  /** The approximate length of an item's JSON. */
  readonly itemBytes: number;
}

/** The id of the dataset with this index. */
export function datasetId(index: number): string {
  return `0197a000-0000-7000-8000-${index.toString(16).padStart(12, "0")}`;
}

/** The pages of a dataset's items. The same few items repeat with different ids. */
export class OpikPages {
  readonly #shape: OpikShape;
  readonly #dataset: number;
  /** The JSON of items without the ids at their beginning. */
  readonly #items: readonly Buffer[];

  constructor(shape: OpikShape, dataset: number) {
    this.#shape = shape;
    this.#dataset = dataset;
    const random = seededRandom(dataset + 1);
    const { pageSize, itemsPerDataset, itemBytes } = shape;
    const count = Math.min(pageSize, itemsPerDataset);
    this.#items = Array.from({ length: count }, () =>
      Buffer.from(itemJson(dataset, { random, itemBytes }), "latin1"),
    );
  }

  /** A page of `size` items; `number` counts from 1. */
  page(number: number, size: number): Buffer {
    const { itemsPerDataset: total } = this.#shape;
    const first = (number - 1) * size;
    const rows = Math.max(0, Math.min(size, total - first));
    const head = `{"page":${number},"size":${rows},"total":${total},"content":[`;
    const parts: Uint8Array[] = [Buffer.from(head)];
    for (let index = first; index < first + rows; index += 1) {
      parts.push(Buffer.from(`${index > first ? "," : ""}{"id":"${this.#id(index)}"`));
      parts.push(this.#items[index % this.#items.length] ?? Buffer.alloc(0));
    }
    return Buffer.concat([...parts, Buffer.from("]}")]);
  }

  #id(index: number): string {
    const { ids, itemsPerDataset: total } = this.#shape;
    if (ids === "descending") return descendingId(this.#dataset * 2 ** 24 + total - index);
    return randomId(seededRandom(this.#dataset * 2 ** 24 + index));
  }
}

/** The length of an item's beginning, its id. */
const idBytes = '{"id":"00000000-0000-0000-0000-000000000000"'.length;

const words = "when does the model answer a question that it was not asked about before".split(" ");

function itemJson(
  dataset: number,
  { random, itemBytes }: { random: () => number; itemBytes: number },
): string {
  const word = (): string => words[Math.floor(random() * words.length)] ?? "";
  const head = `,"dataset_id":"${datasetId(dataset)}","source":"manual","data":{"input":{"question":"`;
  const middle = `"},"expected_output":{"answer":"${word()} ${word()}","score":${random().toFixed(4)}}}`;
  const at = new Date(Date.UTC(2026, 0, 1) + Math.floor(random() * 1e10)).toISOString();
  const tail = `,"created_at":"${at}","last_updated_at":"${at}","created_by":"ada","last_updated_by":"ada"}`;
  const room = itemBytes - idBytes - head.length - middle.length - tail.length;
  let question = word();
  while (question.length < room) question += ` ${word()}`;
  return head + question + middle + tail;
}

function randomId(random: () => number): string {
  const part = (): string =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  const digits = part() + part() + part() + part();
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20)}`;
}

function descendingId(position: number): string {
  return `0197b000-0000-7000-8000-${position.toString(16).padStart(12, "0")}`;
}
