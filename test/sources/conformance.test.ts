import { describe, test } from "vitest";
import { conformance } from "../../src/connector/conformance/suite.ts";
import { type SourceSubject } from "../../src/connector/conformance/subject.ts";
import { demoWorkspace as countlyWorkspace } from "../../src/emulators/countly/demo-workspace.ts";
import { demoWorkspace as opikWorkspace } from "../../src/emulators/opik/demo-workspace.ts";
import {
  demoWorkspace as wandbWorkspace,
  continueTraining,
} from "../../src/emulators/wandb/demo-workspace.ts";
import { countly } from "../../src/sources/countly/source.ts";
import { opik } from "../../src/sources/opik/source.ts";
import { wandb } from "../../src/sources/wandb/source.ts";
import { startCountly } from "../support/countly.ts";
import { startOpik } from "../support/opik.ts";
import { startWandb } from "../support/wandb.ts";

/**
 * Every source, and an emulator of its service with a login, some data, and a page size small
 * enough for several pages.
 */
const subjects: readonly SourceSubject[] = [
  {
    connector: opik,
    async start() {
      const login = { apiKey: "key-of-the-test", workspace: "team" };
      const service = await startOpik({ workspace: opikWorkspace(), login });
      const { workspace } = service;
      const configuration = {
        COMET_OPIK_API_KEY: login.apiKey,
        COMET_OPIK_WORKSPACE: login.workspace,
        base_url: service.url,
        page_size: 20,
      };
      return {
        configuration,
        refused: { ...configuration, COMET_OPIK_API_KEY: "another-key" },
        change() {
          const [first, second] = workspace.datasets;
          const [added = ""] = first?.addItems([{ data: { input: "Is it raining?" } }]) ?? [];
          first?.updateItem(added, { tags: ["new"] });
          if (second) workspace.deleteDataset(second.entity.id);
        },
        [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
      };
    },
  },
  {
    connector: wandb,
    async start() {
      const apiKey = "key-of-the-test";
      const service = await startWandb({ workspace: wandbWorkspace(), apiKey });
      const [project] = service.workspace.projects;
      const configuration = {
        api_key: apiKey,
        entity: service.workspace.entity,
        project: project?.name,
        base_url: service.url,
        page_size: 1,
      };
      return {
        configuration,
        refused: { ...configuration, api_key: "another-key" },
        change() {
          if (project) continueTraining(project, 20);
        },
        [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
      };
    },
  },
  {
    connector: countly,
    async start() {
      const service = await startCountly({ workspace: countlyWorkspace() });
      const { workspace } = service;
      const configuration = {
        api_key: service.apiKey,
        app_id: "*",
        base_url: service.url,
        max_records_per_page: 50,
      };
      return {
        configuration,
        refused: { ...configuration, api_key: "another-key" },
        change() {
          const [app] = workspace.apps;
          for (const name of ["Mary Jackson", "Dorothy Vaughan"]) app?.addUser({ name });
        },
        [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
      };
    },
  },
];

describe.each(subjects.map((subject) => [subject.connector.name, subject] as const))(
  "%s",
  (_name, subject) => {
    for (const { name, run } of conformance(subject)) test(name, run);
  },
);
