import { buildASTSchema, isScalarType, Kind, parse, visit } from "graphql";
import type { GraphQLSchema, ValueNode } from "graphql";

/**
 * The schema of a server, without the given fields (such as `Run.updatedAt`) and arguments (such as
 * `Project.runs.filters`) that an older one lacks.
 */
export function wandbSchema(missingFields: readonly string[] = []): GraphQLSchema {
  const document = visit(parse(definitions), {
    ObjectTypeDefinition: (type) => {
      const isThere = (...path: readonly string[]): boolean =>
        !missingFields.includes([type.name.value, ...path].join("."));
      const fields = type.fields
        ?.filter(({ name }) => isThere(name.value))
        .map((field) => ({
          ...field,
          arguments: field.arguments?.filter(({ name }) => isThere(field.name.value, name.value)),
        }));
      return { ...type, fields };
    },
  });
  const schema = buildASTSchema({ kind: Kind.DOCUMENT, definitions: document.definitions });
  const int64 = schema.getType("Int64");
  // The default reads a literal as a number, which is not exact.
  if (isScalarType(int64)) int64.parseLiteral = int64Text;
  return schema;
}

function int64Text(node: ValueNode): string | undefined {
  return node.kind === Kind.INT || node.kind === Kind.STRING ? node.value : undefined;
}

/**
 * The part of W&B's schema for reading projects, runs and histories. The schema is not public: this
 * is what the official SDK requests, with the types in its generated code.
 *
 * @see https://github.com/wandb/wandb/tree/main/wandb/apis
 */
const definitions = `
  "JSON text, in which NaN and the infinities may be bare"
  scalar JSONString
  scalar JSON
  scalar DateTime
  scalar Int64

  type Query {
    viewer: User
    serverInfo: ServerInfo
    models(entityName: String, after: String, first: Int): ProjectConnection
    project(name: String, entityName: String): Project
  }

  type User {
    id: ID!
    name: String!
    username: String
    email: String
    admin: Boolean
    flags: JSONString
    deletedAt: DateTime
    entity: String
    defaultEntity: Entity
    apiKeys: ApiKeyConnection
    teams: EntityConnection
  }

  type ApiKeyConnection {
    edges: [ApiKeyEdge!]!
  }

  type ApiKeyEdge {
    node: ApiKey
  }

  type ApiKey {
    id: ID!
    name: String!
    description: String
  }

  type EntityConnection {
    edges: [EntityEdge!]!
  }

  type EntityEdge {
    node: Entity
  }

  type Entity {
    id: ID!
    name: String!
  }

  "What the SDK may ask of this server"
  type ServerInfo {
    features: [ServerFeature]!
  }

  type ServerFeature {
    name: String!
    isEnabled: Boolean!
  }

  type PageInfo {
    endCursor: String
    hasNextPage: Boolean!
  }

  type ProjectConnection {
    edges: [ProjectEdge!]!
    pageInfo: PageInfo!
    totalCount: Int
  }

  type ProjectEdge {
    node: Project
    cursor: String
  }

  type Project {
    id: ID!
    internalId: ID!
    name: String!
    entityName: String!
    entity: Entity!
    description: String
    createdAt: DateTime!
    updatedAt: DateTime
    isBenchmark: Boolean!
    readOnly: Boolean
    access: String
    user: User
    totalRuns: Int
    runCount(filters: JSONString): Int!
    runs(filters: JSONString, after: String, first: Int, order: String): RunConnection
    run(name: String!): Run
  }

  type RunConnection {
    edges: [RunEdge!]!
    pageInfo: PageInfo!
    totalCount: Int
  }

  type RunEdge {
    node: Run!
    cursor: String!
  }

  type Run {
    id: ID!
    "The id that users see, unique in the project"
    name: String!
    "The name that users give"
    displayName: String
    projectId: ID
    project: Project
    state: String
    config: JSONString
    summaryMetrics: JSONString
    systemMetrics: JSONString
    historyKeys: JSON
    historyLineCount: Int
    eventsLineCount: Int
    tags: [String!]
    sweepName: String
    group: String
    jobType: String
    commit: String
    host: String
    readOnly: Boolean
    description: String
    notes: String
    createdAt: DateTime!
    heartbeatAt: DateTime
    updatedAt: DateTime
    user: User
    "A page with minStep and maxStep, a random sample without"
    history(minStep: Int64, maxStep: Int64, samples: Int): [String!]
    events(samples: Int): [String!]
    sampledHistory(specs: [JSONString!]!): [JSON]!
    parquetHistory(liveKeys: [String!]!): ParquetHistory!
  }

  "Older rows in files, newer ones as they are"
  type ParquetHistory {
    parquetUrls: [String!]!
    liveData: [JSON!]!
  }
`;
