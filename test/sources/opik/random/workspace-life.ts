import type { NewItem, OpikDataset, WriteOptions } from "../../../../src/emulators/opik/dataset.ts";
import type { OpikWorkspace } from "../../../../src/emulators/opik/workspace.ts";
import type { Random } from "../../../support/random.ts";

/** What kind of workspace it is. */
export interface WorkspaceKind {
  /** Items are also copied from one dataset to another, under the ids that they have. */
  readonly sharesItems: boolean;
}

/** What happens to a workspace, chosen at random. */
export class WorkspaceLife {
  /** Keys of what came, went or changed since the last `startWatching`. */
  readonly touched = new Set<string>();
  readonly #workspace: OpikWorkspace;
  readonly #random: Random;
  readonly #kind: WorkspaceKind;
  /** Items that were deleted, and the datasets that had them. */
  readonly #deleted: { readonly dataset: string; readonly id: string }[] = [];
  #serial = 0;

  constructor(workspace: OpikWorkspace, random: Random, kind: WorkspaceKind) {
    this.#workspace = workspace;
    this.#random = random;
    this.#kind = kind;
  }

  /** One thing happens; none if it is impossible. */
  step(): void {
    const { sharesItems } = this.#kind;
    const events = [
      ...[this.#addProject, this.#updateProject, this.#deleteProject],
      ...[this.#addDataset, this.#addDataset, this.#updateDataset, this.#deleteDataset],
      ...[this.#addItems, this.#addItems, this.#addItems, this.#updateItems, this.#updateItems],
      ...[this.#deleteItems, this.#deleteItems, this.#restoreItem],
      ...(sharesItems ? [this.#copyItems, this.#copyItems] : []),
    ];
    this.#random.pick(events).call(this);
  }

  /** The counters of versions follow the items that were written in place. */
  moveCounters(): void {
    for (const dataset of this.#workspace.datasets) dataset.moveCounters();
  }

  /** Keys of all that exists. */
  living(): ReadonlySet<string> {
    const { projects, datasets } = this.#workspace;
    return new Set([
      ...projects.map(({ id }) => projectKey(id)),
      ...datasets.flatMap((dataset) => [datasetKey(dataset.id), ...keysOf(dataset)]),
    ]);
  }

  /** The id of any item; undefined if there is none. */
  anyItem(): string | undefined {
    const ids = this.#workspace.datasets.flatMap(itemIds);
    return ids.length === 0 ? undefined : this.#random.pick(ids);
  }

  #addProject(): void {
    const { id } = this.#workspace.addProject({ name: this.#name(), ...this.#visibility() });
    this.touched.add(projectKey(id));
  }

  #updateProject(): void {
    const { projects } = this.#workspace;
    if (projects.length === 0) return;
    const { id } = this.#random.pick(projects);
    this.#workspace.updateProject(id, { description: this.#name() });
    this.touched.add(projectKey(id));
  }

  #deleteProject(): void {
    const { projects } = this.#workspace;
    if (projects.length === 0) return;
    const { id } = this.#random.pick(projects);
    this.#workspace.deleteProject(id);
    this.touched.add(projectKey(id));
  }

  /** Some datasets are without a version, or from a server before versions. */
  #addDataset(): void {
    const random = this.#random;
    const isOld = random.oneIn(4);
    const migrates = this.#workspace.versioned && isOld && random.oneIn(2);
    const given = { name: this.#name(), ...this.#visibility() };
    const dataset = this.#workspace.addDataset(given, { migrates });
    this.touched.add(datasetKey(dataset.id));
    if (isOld) this.#write(dataset, { withoutVersion: true });
    else if (!random.oneIn(4)) this.#write(dataset, {});
  }

  #updateDataset(): void {
    this.#change(({ id }) => {
      this.#workspace.updateDataset(id, { description: this.#name(), tags: [this.#name()] });
      this.touched.add(datasetKey(id));
    });
  }

  #deleteDataset(): void {
    this.#change((dataset) => {
      for (const key of [datasetKey(dataset.id), ...keysOf(dataset)]) this.touched.add(key);
      this.#workspace.deleteDataset(dataset.id);
    });
  }

  #addItems(): void {
    this.#change((dataset) => {
      this.#write(dataset, this.#way(dataset));
    });
  }

  #updateItems(): void {
    this.#change((dataset) => {
      const ids = this.#some(dataset);
      const changes = ids.map((id) => [id, this.#content()] as const);
      if (ids.length > 0) dataset.updateItems(new Map(changes), this.#way(dataset));
      this.#touch(dataset, ids);
    });
  }

  #deleteItems(): void {
    this.#change((dataset) => {
      const ids = this.#some(dataset);
      const way = this.#way(dataset);
      // Within two seconds, what changes in a version still belongs to its creation.
      if (way.inPlace === true) this.#workspace.clock.advance(4000);
      if (ids.length > 0) dataset.deleteItems(ids, way);
      this.#touch(dataset, ids);
      this.#deleted.push(...ids.map((id) => ({ dataset: dataset.id, id })));
    });
  }

  /** An item comes back under its old id, in the middle of the others. */
  #restoreItem(): void {
    if (this.#deleted.length === 0) return;
    const { dataset: from, id } = this.#random.pick(this.#deleted);
    const dataset = this.#workspace.dataset(from);
    if (!dataset || dataset.item(id)) return;
    this.#touch(dataset, dataset.addItems([{ id, ...this.#content() }], this.#way(dataset)));
  }

  #copyItems(): void {
    this.#change((dataset) => {
      const target = this.#random.pick(this.#workspace.datasets);
      const ids = this.#some(dataset);
      if (target === dataset || ids.length === 0) return;
      dataset.copyItemsTo(target, ids, this.#way(target));
      this.#touch(target, ids);
    });
  }

  #write(dataset: OpikDataset, way: WriteOptions): void {
    const count = this.#random.between(1, this.#random.pick([2, 5, 12]));
    const items = Array.from({ length: count }, (): NewItem => this.#content());
    this.#touch(dataset, dataset.addItems(items, way));
  }

  /** How a write is stored. */
  #way(dataset: OpikDataset): WriteOptions {
    const random = this.#random;
    // Any access to the items makes the first version of a dataset from before versions.
    dataset.migrate();
    const { versions, versioned } = dataset;
    if (!versioned) return {};
    if (versions.length === 0) return random.oneIn(4) ? {} : { withoutVersion: true };
    return random.pick<WriteOptions>([{}, { inPlace: true }, { inPlace: true, counters: "later" }]);
  }

  #content(): { readonly data: NewItem["data"]; readonly description?: string } {
    const random = this.#random;
    return {
      data: {
        input: { n: random.between(1, 1000) },
        expected_output: `o${random.between(1, 1000)}`,
        ...(random.oneIn(2) ? { metadata: { level: random.between(1, 5) } } : {}),
      },
      ...(random.oneIn(3) ? { description: this.#name() } : {}),
    };
  }

  #visibility(): { readonly visibility?: string } {
    return this.#random.oneIn(3) ? { visibility: "public" } : {};
  }

  #name(): string {
    this.#serial += 1;
    return `name ${this.#serial}`;
  }

  #some(dataset: OpikDataset): string[] {
    return this.#random.shuffled(itemIds(dataset)).slice(0, this.#random.between(1, 4));
  }

  #touch({ id }: OpikDataset, items: readonly string[]): void {
    for (const item of items) this.touched.add(itemKey(id, item));
  }

  #change(change: (dataset: OpikDataset) => void): void {
    const { datasets } = this.#workspace;
    if (datasets.length > 0) change(this.#random.pick(datasets));
  }
}

function itemIds(dataset: OpikDataset): string[] {
  return dataset.itemsAt(dataset.versions.length).map(({ item }) => item.id);
}

function keysOf(dataset: OpikDataset): string[] {
  return itemIds(dataset).map((id) => itemKey(dataset.id, id));
}

/** Tells a project from everything else. */
export function projectKey(id: unknown): string {
  return `project ${String(id)}`;
}

/** Tells a dataset from everything else. */
export function datasetKey(id: unknown): string {
  return `dataset ${String(id)}`;
}

/** Tells an item of a dataset from everything else. */
export function itemKey(dataset: unknown, item: unknown): string {
  return `item ${String(dataset)} ${String(item)}`;
}
