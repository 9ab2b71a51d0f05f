// What the Node suites share: the fixture's values, the truth as a superuser sees it, and the last line.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { run } from "node:test";

const { env } = process;
export const NORTH = env.WT_NORTH;
export const SOUTH = env.WT_SOUTH;
export const TOKEN_NORTH = env.WT_TOKEN_NORTH;
export const TOKEN_SOUTH = env.WT_TOKEN_SOUTH;
export const TOKEN_EXPIRED = env.WT_TOKEN_EXPIRED;
export const TOKEN_FORGED = env.WT_TOKEN_FORGED;
export const TOKEN_NOBODY = env.WT_TOKEN_NOBODY;
export const OWNER_URL = env.WT_OWNER_URL;
export const APP_URL = env.WT_APP_URL;
export const CLINICS = [["north", TOKEN_NORTH], ["south", TOKEN_SOUTH]];

// `pg` is the suite's own.
const { Client } = createRequire(env.WT_SUITE + "/package.json")("pg");

/** Runs SQL as superuser, whom row security does not bind. */
export async function admin(sql, parameters) {
  const client = new Client(env.WT_ADMIN_URL);
  await client.connect();
  try {
    const result = await client.query(sql, parameters);
    return result.rows ?? [];
  } finally {
    await client.end();
  }
}

export const adminScript = (path) => admin(readFileSync(path, "utf8"));

/** The first column as superuser, numbers as numbers. */
export async function truth(sql, ...parameters) {
  const number = (value) => (/^-?\d+$/.test(value) ? Number(value) : value);
  return (await admin(sql, parameters)).map((row) => number(Object.values(row)[0]));
}

/** A token with other claims than the fixture's. */
export const sign = (...options) =>
  execFileSync(env.WT_MINT, ["sign", "--key", env.WT_KEY, "--iss", env.WT_ISSUER, ...options], { encoding: "utf8" }).trim();

/** Runs these test files one after the other; the last line is the count. */
export async function main(...files) {
  const only = process.argv.slice(2).map((part) => new RegExp(part));
  let passed = 0;
  let failed = 0;
  const report = (ok) => (event) => {
    // Files and suites: they are their tests, unless something else in them fails.
    const group = event.details.type === "suite" || event.nesting === 0;
    if (event.skip || (group && (ok || event.details.error?.failureType === "subtestsFailed"))) return;
    if (ok) passed += 1;
    else failed += 1;
    console.log(`${ok ? "ok      " : "not ok  "}${event.name} (${Math.round(event.details.duration_ms)} ms)`);
    if (!ok) console.log(event.details.error?.cause?.stack ?? event.details.error);
  };
  const stream = run({ files, concurrency: 1, ...(only.length ? { testNamePatterns: only } : {}) });
  stream.on("test:pass", report(true)).on("test:fail", report(false));
  stream.on("test:diagnostic", (event) => event.nesting > 0 && console.log(`        ${event.message}`));
  for await (const event of stream) if (event.type === "test:stderr") process.stdout.write(event.data.message);
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed || !passed ? 1 : 0);
}
