import { ConfigError } from "../../../core/errors.ts";
import { closestHint } from "../../../core/suggestion.ts";
import { knownParameters } from "./known-parameters.ts";
import { readService } from "./service-file.ts";

/** The parameters of a connection, by libpq's names; empty values are left out. */
export type Parameters = ReadonlyMap<string, string>;

/** Parameters and where they were given, for messages. */
interface Layer {
  readonly parameters: Parameters;
  readonly nameOf: (parameter: string) => string;
}

/** Of other programs' URLs: of JDBC, of libpq before 8.0, and of pg. */
const otherNames = ["ssl", "requiressl", "uselibpqcompat"];

/**
 * Completes the parameters of a URL from its service, the environment and libpq's defaults, in this
 * order. Throws a ConfigError for what libpq does not know, and for what we do not support.
 */
export function resolveParameters(given: Parameters): Parameters {
  const url = { parameters: given, nameOf: (name: string) => `?${name}` };
  checkNames(url, [...otherNames, "schema"]);
  const fromUrl = { ...url, parameters: translated(given) };
  const environment = fromEnvironment();
  const service = valueOf("service", [fromUrl, environment]);
  const layers: Layer[] = [fromUrl];
  if (service !== undefined)
    layers.push(fromService(service, valueOf("servicefile", [fromUrl, environment])));
  layers.push(environment);
  const resolved = new Map<string, string>();
  for (const layer of layers) addMissing(resolved, layer);
  checkTogether(resolved);
  return resolved;
}

function valueOf(name: string, layers: readonly Layer[]): string | undefined {
  return layers.map(({ parameters }) => parameters.get(name)).find(Boolean);
}

function fromEnvironment(): Layer {
  const variableOf = (name: string): string => knownParameters[name]?.variable ?? name;
  const parameters = Object.entries(knownParameters).flatMap(([name, { variable }]) => {
    const value = variable === undefined ? undefined : process.env[variable];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { parameters: new Map(parameters), nameOf: variableOf };
}

function fromService(service: string, file: string | undefined): Layer {
  const { path, parameters } = readService(service, file);
  const layer = { parameters, nameOf: (name: string) => `${path}: [${service}]: ${name}` };
  checkNames(layer, []);
  return layer;
}

function checkNames({ parameters, nameOf }: Layer, others: readonly string[]): void {
  for (const name of parameters.keys()) {
    if (Object.hasOwn(knownParameters, name) || others.includes(name)) continue;
    const hint = closestHint(name, [...Object.keys(knownParameters), "schema"]);
    throw new ConfigError(
      `destination: ${nameOf(name)}: neither libpq nor rivulet has this parameter${hint}`,
    );
  }
}

function translated(given: Parameters): Parameters {
  const parameters = new Map(given);
  for (const name of otherNames) parameters.delete(name);
  const ssl = given.get("ssl") ?? "true";
  if (ssl !== "true")
    throw new ConfigError(`destination: ?ssl=${ssl}: expected true; use ?sslmode=disable instead`);
  if (given.has("ssl")) parameters.set("sslmode", "require");
  if (given.get("requiressl") === "1") parameters.set("sslmode", "require");
  return parameters;
}

function addMissing(resolved: Map<string, string>, { parameters, nameOf }: Layer): void {
  for (const [name, value] of parameters) {
    if (value === "" || resolved.has(name)) continue;
    const values = knownParameters[name]?.values;
    if (values && !values.includes(value))
      throw new ConfigError(`destination: ${refusal(nameOf(name), value, values)}`);
    resolved.set(name, value);
  }
}

function refusal(where: string, value: string, values: readonly string[]): string {
  if (values.length === 0) return `${where}: rivulet does not support this parameter; leave it out`;
  return `${where}=${value}: rivulet supports ${values.join(", ")}${closestHint(value, values)}`;
}

function checkTogether(parameters: Map<string, string>): void {
  const isSystem = parameters.get("sslrootcert") === "system";
  const mode = parameters.get("sslmode") ?? (isSystem ? "verify-full" : "prefer");
  parameters.set("sslmode", mode);
  if (isSystem && mode !== "verify-full")
    throw new ConfigError("destination: sslrootcert=system: needs sslmode=verify-full");
  const isWeak = ["disable", "allow", "prefer"].includes(mode);
  if (isWeak && parameters.get("sslnegotiation") === "direct")
    throw new ConfigError("destination: sslnegotiation=direct: needs sslmode=require or stronger");
  if (!/^-?\d+$/.test(parameters.get("connect_timeout") ?? "0"))
    throw new ConfigError("destination: connect_timeout: expected a number of seconds");
}
