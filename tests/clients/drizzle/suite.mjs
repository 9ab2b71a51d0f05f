// Migrates as the application's owner, has an administrator protect the tables, migrates further, runs the tests.

import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import pg from "pg";
import { adminScript, main, OWNER_URL } from "../common/harness.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const owner = new pg.Pool({ connectionString: OWNER_URL });
const db = drizzle(owner);
await migrate(db, { migrationsFolder: here("migrations/1") });
await adminScript(here("../common/protect.sql"));
await migrate(db, { migrationsFolder: here("migrations/2") });
await owner.end();
await main(here("drizzle.test.mjs"), here("encrypted.test.mjs"));
