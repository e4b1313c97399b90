import pg from "pg";

/** Replaces `psql` on machines that lack it: prints the rows of one statement. */
const [url, , statement] = process.argv.slice(2);
const client = new pg.Client({ connectionString: url });
await client.connect();
try {
  console.table((await client.query(statement)).rows);
} finally {
  await client.end();
}
