import { trimEnd } from "../../../core/trim-end.ts";

/** The API of W&B's own cloud. */
export const cloudUrl = "https://api.wandb.ai";

/** Hosts of the cloud's API. They serve one deployment, and the SDK logs in to either. */
const cloudHosts: readonly string[] = ["api.wandb.ai", "api.forge.coreweave.com"];

/** Hosts of the web app, which are easily taken for the API. */
const appHosts: readonly string[] = [
  "wandb.ai",
  "www.wandb.ai",
  "app.wandb.ai",
  "forge.coreweave.com",
];

/** Under this URL, the web app passes requests on to the API. */
const proxyUrl = "https://forge.coreweave.com/api/wandb";

/** The URL of the API, for one that names its GraphQL endpoint, or a proxy of the cloud. */
export function toApiUrl(text: string): string {
  const url = withoutEndpoint(text);
  return url === proxyUrl ? "https://api.forge.coreweave.com" : url;
}

function withoutEndpoint(text: string): string {
  const path = trimEnd(text, "/");
  return path.endsWith("/graphql") ? trimEnd(path.slice(0, -"/graphql".length), "/") : text;
}

/** Whether a URL is the web app instead of the API, or the cloud without encryption. */
export function isMistakenForCloud(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return appHosts.includes(hostname) || (protocol === "http:" && cloudHosts.includes(hostname));
}

/** The same for all addresses of the cloud; any other URL as it is. */
export function deploymentOf(baseUrl: string): string {
  const { host, pathname } = new URL(baseUrl);
  return cloudHosts.includes(host) && pathname === "/" ? cloudUrl : baseUrl;
}

/** Where people find their key in the web app. */
export function authorizeUrl(baseUrl: string): string {
  return `${deploymentOf(baseUrl) === cloudUrl ? "https://wandb.ai" : baseUrl}/authorize`;
}

/**
 * The machines under which `wandb login` may have saved a key for this URL, the likeliest first:
 * host and port as they are spelled, the bare host, and the other hosts of the cloud.
 */
export function machinesOf(baseUrl: string): readonly string[] {
  const { host, hostname } = new URL(baseUrl);
  const [, spelled = host] = /^\w+:\/\/([^/]+)/.exec(baseUrl.toLowerCase()) ?? [];
  const others = cloudHosts.includes(host) ? cloudHosts : [];
  return [...new Set([spelled, host, hostname, ...others])];
}
