/** What rivulet does with a parameter of libpq. */
export interface KnownParameter {
  /** The environment variable that holds if nothing else does. */
  readonly variable?: string;
  /** The values that rivulet supports. Default: all. None: the parameter is not supported. */
  readonly values?: readonly string[];
}

const tlsVersions = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
const unsupported = { values: [] };

/**
 * The parameters of libpq. Those that rivulet does not use are accepted where they change nothing
 * about what it reads and writes, and how safely.
 *
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
 */
export const knownParameters: Readonly<Record<string, KnownParameter>> = {
  service: { variable: "PGSERVICE" },
  servicefile: { variable: "PGSERVICEFILE" },
  host: { variable: "PGHOST" },
  hostaddr: { variable: "PGHOSTADDR" },
  port: { variable: "PGPORT" },
  dbname: { variable: "PGDATABASE" },
  user: { variable: "PGUSER" },
  password: { variable: "PGPASSWORD" },
  passfile: { variable: "PGPASSFILE" },
  connect_timeout: { variable: "PGCONNECT_TIMEOUT" },
  options: { variable: "PGOPTIONS" },
  application_name: { variable: "PGAPPNAME" },
  fallback_application_name: {},
  target_session_attrs: {
    variable: "PGTARGETSESSIONATTRS",
    values: ["any", "read-write", "primary"],
  },
  channel_binding: { variable: "PGCHANNELBINDING", values: ["disable", "prefer", "require"] },
  sslmode: {
    variable: "PGSSLMODE",
    values: ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
  },
  sslnegotiation: { variable: "PGSSLNEGOTIATION", values: ["postgres", "direct"] },
  sslcert: { variable: "PGSSLCERT" },
  sslkey: { variable: "PGSSLKEY" },
  sslpassword: {},
  sslcertmode: { variable: "PGSSLCERTMODE", values: ["disable", "allow"] },
  sslrootcert: { variable: "PGSSLROOTCERT" },
  sslcrl: { variable: "PGSSLCRL" },
  ssl_min_protocol_version: { variable: "PGSSLMINPROTOCOLVERSION", values: tlsVersions },
  ssl_max_protocol_version: { variable: "PGSSLMAXPROTOCOLVERSION", values: tlsVersions },
  // rivulet writes UTF-8, sends keepalives, and gives up a statement that is not answered.
  client_encoding: { variable: "PGCLIENTENCODING" },
  keepalives: {},
  keepalives_idle: {},
  keepalives_interval: {},
  keepalives_count: {},
  tcp_user_timeout: {},
  // Hosts are tried in their order.
  load_balance_hosts: { variable: "PGLOADBALANCEHOSTS", values: ["disable", "random"] },
  sslcompression: { variable: "PGSSLCOMPRESSION" },
  sslsni: { variable: "PGSSLSNI", values: ["1"] },
  min_protocol_version: { variable: "PGMINPROTOCOLVERSION", values: ["3.0"] },
  max_protocol_version: { variable: "PGMAXPROTOCOLVERSION" },
  // Kerberos: `prefer` means to do without where it cannot be had.
  gssencmode: { variable: "PGGSSENCMODE", values: ["disable", "prefer"] },
  krbsrvname: { variable: "PGKRBSRVNAME" },
  gsslib: { variable: "PGGSSLIB" },
  gssdelegation: { variable: "PGGSSDELEGATION" },
  replication: { values: ["false", "off", "no", "0"] },
  requirepeer: { variable: "PGREQUIREPEER", ...unsupported },
  require_auth: { variable: "PGREQUIREAUTH", ...unsupported },
  sslcrldir: { variable: "PGSSLCRLDIR", ...unsupported },
  sslkeylogfile: unsupported,
  scram_client_key: unsupported,
  scram_server_key: unsupported,
  oauth_issuer: unsupported,
  oauth_client_id: unsupported,
  oauth_client_secret: unsupported,
  oauth_scope: unsupported,
};
