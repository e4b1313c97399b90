import { expect, test } from "vitest";
import { describeConnector } from "../../src/connector/about.ts";
import { newLog } from "../../src/core/log.ts";
import type { Stream } from "../../src/core/source.ts";
import { allowMassDeletion } from "../../src/engine/allow-mass-deletion.ts";
import { parseConfig } from "../../src/connector/conformance/sandbox.ts";
import { configurationForm } from "../../src/fivetran/form.ts";
import { loadSource } from "../../src/sources/registry.ts";

const settings = {
  opik: { base_url: "http://localhost:5173/api" },
  wandb: { entity: "acme", project: "vision" },
  countly: { base_url: "http://localhost", api_key: "k", app_id: "a" },
} as const;

test.each(["opik", "wandb", "countly"] as const)(
  "%s offers the key that allows a mass deletion, switched off",
  async (name) => {
    const source = await loadSource(name);
    const { config } = describeConnector({ ...source, kind: "source" }, "1.0.0");
    expect(config.find((property) => property.name === "allow_mass_deletion")).toMatchObject({
      type: "boolean",
      is_mandatory: false,
      default_value: "false",
    });
    expect(JSON.stringify(configurationForm(source))).toContain('"name":"allow_mass_deletion"');
    expect(parseConfig(source, settings[name])).toMatchObject({ allow_mass_deletion: false });
    const allowed = { ...settings[name], allow_mass_deletion: "true" };
    expect(parseConfig(source, allowed)).toMatchObject({ allow_mass_deletion: true });
  },
);

test("the key does not take back what the flag allows", async () => {
  const read: unknown[] = [];
  const stream: Stream = {
    ...{ name: "thing", columns: { id: "string" }, primaryKey: ["id"] },
    // eslint-disable-next-line @typescript-eslint/require-await -- there is nothing to read
    async *read({ allowMassDeletion: isAllowed }) {
      read.push(isAllowed);
      yield* [];
    },
  };
  const { signal } = new AbortController();
  const log = newLog(() => undefined);
  for (const flag of [true, false]) {
    for (const key of [true, false]) {
      const [given] = allowMassDeletion([stream], { allow_mass_deletion: key });
      const options = { checkpoints: new Map(), fullRefresh: false, startedAt: new Date() };
      for await (const batch of given?.read({ ...options, signal, log, allowMassDeletion: flag }) ??
        [])
        read.push(batch);
    }
  }
  expect(read).toEqual([true, true, true, false]);
});
