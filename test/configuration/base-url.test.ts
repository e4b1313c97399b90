import { expect, test } from "vitest";
import { newFolder, run } from "../support/program.ts";

const secret = "t0pS3cr3tT0k3n";

const urls = [
  `https://host/api?token=${secret}`,
  `https://host/api#${secret}`,
  `https://${secret}@host/api`,
  `https://me:${secret}@host/api`,
  `https://me:a?${secret}@host/api`,
  `https://host/api?email=me@example.com&token=${secret}`,
  `https://me:a"${secret}@host/api`,
  `host/api?token=${secret}`,
];

const opik = { program: "opik-sync", section: "opik", settings: {}, env: {} };
const wandb = {
  program: "wandb-sync",
  section: "wandb",
  settings: { api_key: "k".repeat(40), entity: "e", project: "p" },
  env: {},
};
const countly = {
  program: "countly-sync",
  section: "countly",
  settings: { api_key: "0123456789abcdef" },
  env: {},
};
const withQuery = `https://host/api?token=${secret}`;

const cases = [
  ...urls.map((base_url) => ({ ...opik, settings: { base_url } })),
  ...[withQuery, `https://wandb.ai?api_key=${secret}`].map((base_url) => ({
    ...wandb,
    settings: { ...wandb.settings, base_url },
  })),
  { ...countly, settings: { ...countly.settings, base_url: withQuery } },
  { ...opik, env: { OPIK_URL_OVERRIDE: withQuery } },
  { ...wandb, env: { WANDB_BASE_URL: withQuery } },
];

test.each(cases)(
  "$program shows no token of base_url: $settings.base_url $env",
  async ({ program, section, settings, env }) => {
    await using folder = await newFolder({ "configuration.json": { [section]: settings } });
    const ended = await run(program, ["check"], { cwd: folder.path, env });
    expect(ended.status).toBe(2);
    expect(ended.stdout).toMatch(/expected a|expected the/);
    expect(ended.stdout + ended.stderr).not.toContain(secret);
  },
);
