// Two clinics, and one pooled connection which both use in turn.

import assert from "node:assert/strict";
import { drizzle } from "drizzle-orm/node-postgres";
import pg from "pg";
import { APP_URL, CLINICS, TOKEN_NORTH } from "../common/harness.mjs";
import * as schema from "./schema.mjs";
import { actingWith, install } from "./watertight_drizzle.mjs";

const { doctors, labels, patients, visitLabels, visits } = schema;
const pools = [];

export function open(url = APP_URL, options = {}, config = {}) {
  const pool = new pg.Pool({ connectionString: url, max: 1, ...options });
  pool.on("error", () => {}); // connections that an administrator ends
  pools.push(pool);
  return install(drizzle(pool, { schema, ...config }));
}

export const db = open();
export const other = { north: "south", south: "north" };

/** The same ids and nearly the same names for whoever asks: only the tenant tells them apart. */
export async function fill(tx, who) {
  const [lab] = await tx.insert(labels).values({ name: "lab" }).returning();
  const staff = await tx.insert(doctors).values([0, 1, 2].map((n) => ({ email: `${n}@${who}.example`, name: `Dr ${who} ${n}` }))).returning();
  for (const id of [123, 124, 125]) {
    await tx.insert(patients).values({ id, name: `${who} patient ${id}` });
    const seen = await tx.insert(visits).values([0, 1, 2].map((n) => (
      { patientId: id, doctorId: staff[n].id, reason: `${who} ${n}`, cost: 10 * (n + 1) }))).returning();
    await tx.insert(visitLabels).values(seen.slice(1).map((visit) => ({ visitId: visit.id, labelId: lab.id })));
  }
}

/** One transaction for each clinic. */
export async function both(work, on = db) {
  for (const [who, token] of CLINICS) await actingWith(token, () => on.transaction((tx) => work(tx, who)));
}

export const north = (work, on = db) => actingWith(TOKEN_NORTH, () => on.transaction(work));

export async function refused(promise, code, message = /(?:)/) {
  await assert.rejects(promise, (error) => {
    const cause = error.cause ?? error;
    assert.equal(cause.code, code, `${error}`);
    assert.match(cause.message, message);
    return true;
  });
}

export const noContext = (promise) => refused(promise, "28000", /no tenant context/);

export const close = () => Promise.all(pools.map((pool) => pool.end()));
