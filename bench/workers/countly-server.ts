import { z } from "zod";
import { countlyService } from "../../src/emulators/countly/service.ts";
import { CountlyWorkspace } from "../../src/emulators/countly/workspace.ts";
import { listen, withBody } from "../../src/emulators/http-server.ts";
import { countlyAccess } from "../services/countly.ts";
import { readWorkerOptions } from "../worker.ts";

/**
 * A Countly emulator whose users are generated on demand. `/requests` returns the request count.
 */
const { apps, users } = readWorkerOptions(z.object({ apps: z.number(), users: z.number() }));

const workspace = new CountlyWorkspace();
for (let app = 0; app < apps; app += 1) workspace.addApp({ users });
workspace.admin.apiKey = countlyAccess.apiKey;
const service = countlyService({ workspace, edition: "community", faults: {} });
let requests = 0;
const server = await listen(
  withBody((request, response) => {
    if (request.url.pathname === "/requests") {
      response.end(JSON.stringify(requests));
      return;
    }
    requests += 1;
    return service(request, response);
  }),
);
process.stdout.write(`${server.url}\n`);
