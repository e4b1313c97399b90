import { z } from "zod";
import { OpikClock } from "../../../src/emulators/opik/clock.ts";
import type { NewItem, OpikDataset } from "../../../src/emulators/opik/dataset.ts";
import { RawJson } from "../../../src/emulators/raw-json.ts";
import type { OpikFaults } from "../../../src/emulators/opik/faults.ts";
import { OpikWorkspace } from "../../../src/emulators/opik/workspace.ts";
import { settlingMs } from "../../../src/sources/opik/version.ts";
import { startOpik } from "../../support/opik.ts";
import { edgeCaseJson } from "../edge-case-json.ts";
import type { Random } from "../../support/random.ts";
import type { ChaosService, Keys, ServiceKind, StoredCheckpoint } from "../service.ts";

const login = { apiKey: "opik-key-7d41c0", workspace: "team" };

/** Current Opik, whose datasets have versions, read page by page. */
export const opikPages: ServiceKind = { name: "Opik", start: (random) => start(random, true) };

/** An older Opik without versions, whose items are read as a stream. */
export const opikStream: ServiceKind = {
  name: "an older Opik",
  start: (random) => start(random, false),
};

async function start(random: Random, versioned: boolean): Promise<ChaosService> {
  const clock = new OpikClock({ seed: random.between(1, 2 ** 30) });
  const workspace = new OpikWorkspace({ clock, versioned });
  const history = new OpikHistory(workspace);
  history.begin(random);
  const emulatorFaults: OpikFaults = {};
  const opik = await startOpik({ workspace, login, faults: emulatorFaults });
  let clockAheadMs: number | undefined;
  // Without versions nothing counts the items, so that deletions must be seen for some time.
  const settle = (): void => {
    clockAheadMs = settlingMs + 1000;
  };
  return {
    ...(versioned ? {} : { settle }),
    get clockAheadMs() {
      return clockAheadMs;
    },
    source: "opik",
    url: opik.url,
    secret: login.apiKey,
    sourceConfig: { COMET_OPIK_API_KEY: login.apiKey, COMET_OPIK_WORKSPACE: login.workspace },
    pageSizeSetting: "page_size",
    keyColumns: {
      opik_project: ["project_id"],
      opik_dataset: ["dataset_id"],
      opik_dataset_item: ["item_id"],
    },
    faults: {
      smallPages(random) {
        emulatorFaults.pageSizeCap = random.between(1, 5);
        return () => delete emulatorFaults.pageSizeCap;
      },
      brokenObject(random) {
        emulatorFaults.brokenDataset = random.pick(workspace.datasets).id;
        return () => delete emulatorFaults.brokenDataset;
      },
      fraction(random) {
        const { id } = random.pick(workspace.datasets);
        workspace.updateDataset(id, { experiment_count: 2.5 });
        return () => undefined;
      },
    },
    fractionPaths: ["/datasets"],
    firstPageRequest,
    emptyPage,
    change: (random) => {
      history.change(random);
    },
    storableKeys: () => history.storableKeys(),
    brokenKeys: () => history.itemsIn(emulatorFaults.brokenDataset),
    unstorableCount: () => history.unstorableCount(),
    keysReadBy: (checkpoints) => history.keysReadBy(checkpoints),
    [Symbol.asyncDispose]: () => opik[Symbol.asyncDispose](),
  };
}

const firstPageRequest: ChaosService["firstPageRequest"] = (request) => {
  const url = new URL(request.url);
  if (url.searchParams.has("page")) url.searchParams.set("page", "1");
  else if (!url.pathname.endsWith("/stream")) return undefined;
  const parameters = z.looseObject({}).parse(JSON.parse(request.body || "{}"));
  const body = { ...parameters, last_retrieved_id: undefined };
  return { ...request, url, body: request.body && JSON.stringify(body) };
};

const emptyPage: ChaosService["emptyPage"] = (body) => {
  if (!body.startsWith('{"page":')) return body.startsWith('{"id":') ? "" : undefined;
  return JSON.stringify({ ...z.looseObject({}).parse(JSON.parse(body)), content: [] });
};

/**
 * Changes to a workspace. Without versions, only a changed `last_updated_at` of a dataset makes a
 * sync read its items again.
 */
class OpikHistory {
  readonly #workspace: OpikWorkspace;

  constructor(workspace: OpikWorkspace) {
    this.#workspace = workspace;
  }

  begin(random: Random): void {
    for (let count = random.between(1, 12); count > 0; count -= 1) this.#addProject(random);
    for (let count = random.between(2, 5); count > 0; count -= 1) this.#addDataset(random);
    // Enough rows for COPY.
    if (random.oneIn(2)) this.#addItems(random, random.between(210, 260));
  }

  change(random: Random): void {
    const changes = [
      () => {
        this.#addProject(random);
      },
      () => {
        this.#changeProject(random);
      },
      () => {
        this.#addDataset(random);
      },
      () => {
        this.#dropDataset(random);
      },
      () => {
        this.#addItems(random, random.between(1, 30));
      },
      () => {
        this.#addItems(random, random.between(1, 30));
      },
      () => {
        this.#changeItems(random);
      },
      () => {
        this.#changeItems(random);
      },
      () => {
        this.#dropItems(random);
      },
    ];
    random.pick(changes)();
  }

  storableKeys(): Keys {
    const { projects, datasets } = this.#workspace;
    return {
      opik_project: projects.map(({ id }) => id),
      opik_dataset: datasets.map(({ id }) => id),
      opik_dataset_item: datasets.flatMap((dataset) => storable(dataset, latest(dataset))),
    };
  }

  itemsIn(id = ""): Keys {
    const dataset = this.#workspace.dataset(id);
    return { opik_dataset_item: dataset ? storable(dataset, latest(dataset)) : [] };
  }

  unstorableCount(): number {
    return this.#workspace.datasets
      .flatMap((dataset) => dataset.itemsAt(latest(dataset)))
      .filter(({ item }) => item["created_at"] === notAnInstant).length;
  }

  keysReadBy(checkpoints: readonly StoredCheckpoint[]): Keys {
    const items = checkpoints.flatMap(({ stream, partition, checkpoint }) => {
      const dataset = this.#workspace.dataset(partition);
      if (stream !== "opik_dataset_item" || !dataset) return [];
      const { version, reading, shown } = checkpointShape.parse(checkpoint);
      const [changed = "", count] = (version ?? reading ?? "").split(" ");
      const number = dataset.versioned ? dataset.versionNumber(changed) : 0;
      const isSame = dataset.versioned || dataset.entity["last_updated_at"] === changed;
      if (number === undefined || !isSame) return [];
      if (dataset.itemsAt(number).length !== Number(count)) return [];
      const from = version == null ? (shown?.below ?? "~") : "";
      return storable(dataset, number).filter((id) => id >= from);
    });
    return { opik_dataset_item: items };
  }

  #addProject(random: Random): void {
    this.#workspace.addProject({ name: raw(random), description: random.pick(["", "d", null]) });
  }

  #changeProject(random: Random): void {
    const { projects } = this.#workspace;
    if (projects.length === 0) return;
    const { id } = random.pick(projects);
    if (random.oneIn(2)) this.#workspace.deleteProject(id);
    else this.#workspace.updateProject(id, { description: `changed ${random.between(0, 999)}` });
  }

  #addDataset(random: Random): void {
    const name = `set ${random.between(0, 2 ** 30)}`;
    const dataset = this.#workspace.addDataset({ name, experiment_count: random.between(0, 9) });
    if (!random.oneIn(5)) this.#addItemsTo(dataset, random, random.between(1, 40));
  }

  #dropDataset(random: Random): void {
    if (this.#workspace.datasets.length < 2) return;
    this.#workspace.deleteDataset(random.pick(this.#workspace.datasets).id);
  }

  #addItems(random: Random, count: number): void {
    this.#addItemsTo(random.pick(this.#workspace.datasets), random, count);
  }

  #addItemsTo(dataset: OpikDataset, random: Random, count: number): void {
    const items = Array.from({ length: count }, () => newItem(random));
    dataset.addItems(items, { inPlace: random.oneIn(4) });
    this.#touch(dataset);
  }

  #changeItems(random: Random): void {
    const { dataset, ids } = this.#someItems(random);
    dataset.updateItems(new Map(ids.map((id) => [id, { data: { input: raw(random) } }])));
    this.#touch(dataset);
  }

  #dropItems(random: Random): void {
    const { dataset, ids } = this.#someItems(random);
    dataset.deleteItems(ids);
    this.#touch(dataset);
  }

  /** Some consecutive items of a random dataset. */
  #someItems(random: Random): { dataset: OpikDataset; ids: readonly string[] } {
    const dataset = random.pick(this.#workspace.datasets);
    const ids = dataset.itemsAt(latest(dataset)).map(({ item }) => item.id);
    const start = random.between(0, ids.length);
    return { dataset, ids: ids.slice(start, start + random.between(1, 30)) };
  }

  #touch({ id, versioned }: OpikDataset): void {
    if (!versioned) this.#workspace.updateDataset(id, {});
  }
}

const checkpointShape = z.looseObject({
  version: z.string().nullish(),
  reading: z.string().nullish(),
  shown: z.object({ below: z.string() }).optional(),
});

const notAnInstant = "the day before yesterday";

function newItem(random: Random): NewItem {
  return {
    data: { input: raw(random), output: raw(random), n: random.between(0, 9) },
    ...(random.oneIn(400) ? { created_at: notAnInstant } : {}),
    ...(random.oneIn(3) ? { tags: [raw(random)] } : {}),
  };
}

function raw(random: Random): RawJson {
  return new RawJson(edgeCaseJson(random));
}

function latest({ versioned, versions }: OpikDataset): number {
  return versioned ? versions.length : 0;
}

function storable(dataset: OpikDataset, number: number): string[] {
  return dataset
    .itemsAt(number)
    .filter(({ item }) => item["created_at"] !== notAnInstant)
    .map(({ item }) => item.id);
}
