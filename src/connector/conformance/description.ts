import assert from "node:assert/strict";
import type { z } from "zod";
import { checkSettings } from "../../configuration/configuration.ts";
import type { Settings } from "../../configuration/configuration-file.ts";
import { fieldMeta } from "../../core/config-field.ts";
import { describeConnector } from "../about.ts";
import { configProperties } from "../config-properties.ts";
import type { CheckDefinition, Subject } from "./subject.ts";
import { connectorNamePattern } from "../validate-connector.ts";

const looksSecret = /(?:^|_)(?:key|token|secret|password)$/i;

/** That a connector says what it is, and what it can be told. */
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
      name: "describes every key of its configuration, and declares secrets as such",
      run() {
        for (const [key, field] of Object.entries(shape)) {
          const meta = fieldMeta(field);
          assert.ok(
            meta,
            `${key}: made without a description; use the fields of rivulet/connector`,
          );
          assert.notEqual(meta.description.trim(), "", `${key}: has no description`);
          if (looksSecret.test(key))
            assert.equal(meta.secret, true, `${key}: looks like a secret; make it with secretText`);
        }
      },
    },
  ];
}

function settingsChecks({ connector, start }: Subject): readonly CheckDefinition[] {
  return [
    {
      name: "accepts its settings as text, which is all that some platforms can send",
      async run() {
        await using service = await start();
        const asText: Settings = Object.fromEntries(
          Object.entries(service.configuration).map(([key, value]) => [
            key,
            typeof value === "number" || typeof value === "boolean" ? String(value) : value,
          ]),
        );
        const asSent = checkSettings(connector, service.configuration);
        assert.deepEqual(asSent.problems, []);
        assert.deepEqual(checkSettings(connector, asText), asSent);
      },
    },
    {
      name: "names a key that is missing",
      async run() {
        await using service = await start();
        for (const { name, is_mandatory } of configProperties(connector)) {
          if (!is_mandatory) continue;
          const others = Object.entries(service.configuration).filter(([key]) => key !== name);
          const named = checkSettings(connector, Object.fromEntries(others)).problems.map(
            ({ path }) => path[0],
          );
          assert.ok(named.includes(name), `a configuration without ${name} is accepted`);
        }
      },
    },
  ];
}
