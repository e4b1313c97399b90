import { createServer, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { ConfigError } from "../../src/core/errors.ts";
import { selfSignedCertificate } from "../support/certificate.ts";
import { respond } from "../support/faults.ts";
import { testClient } from "../support/http-client.ts";
import { startServer } from "../support/http-server.ts";

test("an untrusted certificate fails at once, with the remedy", async () => {
  await using server = await startServer(respond("{}"), selfSignedCertificate());
  const request = testClient(server.url).getJson("x");
  await expect(request).rejects.toThrow(ConfigError);
  await expect(request).rejects.toThrow(
    `GET ${server.url}/x: the certificate of ${new URL(server.url).host} was rejected (DEPTH_ZERO_SELF_SIGNED_CERT); set NODE_EXTRA_CA_CERTS to the file of its CA certificate`,
  );
  expect(server.requests).toEqual([]);
});

test("a service without TLS behind an https URL fails at once", async () => {
  await using server = await startServer(respond("{}"));
  const client = testClient(server.url.replace("http:", "https:"));
  const request = client.getJson("x");
  await expect(request).rejects.toThrow(ConfigError);
  await expect(request).rejects.toThrow(/the TLS handshake with .* failed .*check base_url/);
  expect(client.sleeps).toEqual([]);
});

test("a handshake that never ends counts as no connection", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const client = testClient(`https://127.0.0.1:${port}`, {
    connectTimeoutMs: 50,
    retryAttempts: 1,
  });
  const request = client.getJson("x");
  await expect(request).rejects.toThrow("no connection within 50 ms; gave up after 2 attempts");
  server.close();
});
