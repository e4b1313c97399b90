import assert from "node:assert/strict";
import type { z } from "zod";
import type { Settings } from "../../configuration/parse-settings.ts";
import { checkSettings } from "../../configuration/check-settings.ts";
import { fieldMeta } from "../../core/config-field.ts";
import { describeConnector } from "../about.ts";
import { configProperties } from "../config-properties.ts";
import { connectorNamePattern } from "../validate-connector.ts";
import type { CheckDefinition, Subject } from "./subject.ts";

const looksSecret = /(?:^|_)(?:key|token|secret|password)$/i;

/** Checks that a connector describes itself and its configuration. */
export function descriptionChecks(subject: Subject): readonly CheckDefinition[] {
  return [...metadataChecks(subject), ...settingsChecks(subject)];
}

function metadataChecks({ connector }: Subject): readonly CheckDefinition[] {
  const shape: Readonly<Record<string, z.core.$ZodType>> = connector.config.shape;
  return [
    {
      name: "has a name, a title and a description",
      run() {
        assert.match(connector.name, connectorNamePattern);
        assert.notEqual(connector.title.trim(), "");
        assert.notEqual(describeConnector(connector, "0").description.trim(), "");
      },
    },
    {
      name: "describes every configuration key, and declares secrets as secrets",
      run() {
        for (const [key, field] of Object.entries(shape)) {
          const meta = fieldMeta(field);
          assert.ok(meta, `${key}: has no metadata; create it with a field of rivulet/connector`);
          assert.notEqual(meta.description.trim(), "", `${key}: has no description`);
          if (looksSecret.test(key) && !isChoice(field))
            assert.equal(
              meta.secret,
              true,
              `${key}: looks like a secret; create it with secretText`,
            );
        }
      },
    },
  ];
}

/** Whether the values are fixed words, which cannot be secrets. */
function isChoice(field: z.core.$ZodType): boolean {
  const { def } = field._zod;
  const isWrapped = "innerType" in def && def.innerType instanceof Object;
  return isWrapped ? isChoice(def.innerType as z.core.$ZodType) : def.type === "enum";
}

function settingsChecks({ connector, start }: Subject): readonly CheckDefinition[] {
  return [
    {
      name: "accepts all settings as text, because some platforms send nothing else",
      async run() {
        await using service = await start();
        const asText: Settings = Object.fromEntries(
          Object.entries(service.configuration).map(([key, value]) => [
            key,
            typeof value === "number" || typeof value === "boolean" ? String(value) : value,
          ]),
        );
        const expected = checkSettings(connector, service.configuration);
        assert.deepEqual(expected.problems, []);
        assert.deepEqual(checkSettings(connector, asText), expected);
      },
    },
    {
      name: "reports a missing key by its name",
      async run() {
        await using service = await start();
        for (const { name, is_mandatory } of configProperties(connector)) {
          if (!is_mandatory) continue;
          const others = Object.entries(service.configuration).filter(([key]) => key !== name);
          const reported = checkSettings(connector, Object.fromEntries(others)).problems.map(
            ({ path }) => path[0],
          );
          assert.ok(reported.includes(name), `a configuration without ${name} is accepted`);
        }
      },
    },
  ];
}
