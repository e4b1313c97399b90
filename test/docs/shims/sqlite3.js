import Database from "better-sqlite3";

/** Replaces `sqlite3` on machines that lack it: prints the rows of one statement. */
const [file, statement = ""] = process.argv.slice(2).filter((arg) => !arg.startsWith("-"));
const database = new Database(file, { fileMustExist: true });
const prepared = database.prepare(statement);
if (prepared.reader) console.table(prepared.all());
else prepared.run();
database.close();
