// Migrates as the application's owner, has an administrator protect the tables, migrates further, runs the tests.

import { fileURLToPath } from "node:url";
import { DataSource } from "typeorm";
import { adminScript, main, OWNER_URL } from "../common/harness.mjs";
import { Clinic1760000000000, VisitNote1760000001000 } from "./migrations.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

async function migrate(migrations) {
  const owner = new DataSource({ type: "postgres", url: OWNER_URL, migrations, installExtensions: false });
  await owner.initialize();
  await owner.runMigrations();
  await owner.destroy();
}

await migrate([Clinic1760000000000]);
await adminScript(here("../common/protect.sql"));
await migrate([Clinic1760000000000, VisitNote1760000001000]);
await main(here("typeorm.test.mjs"), here("encrypted.test.mjs"));
