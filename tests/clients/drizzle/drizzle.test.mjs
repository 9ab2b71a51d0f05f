// Two clinics in one database, through Drizzle's query builder, relational queries and raw SQL, over one pooled connection.

import assert from "node:assert/strict";
import http from "node:http";
import { after, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { and, asc, avg, count, desc, eq, exists, gt, inArray, like, sql, sum } from "drizzle-orm";
import { unionAll } from "drizzle-orm/pg-core";
import {
  admin, APP_URL, CLINICS, NORTH, OWNER_URL, sign, SOUTH, TOKEN_EXPIRED, TOKEN_FORGED, TOKEN_NOBODY, TOKEN_NORTH, TOKEN_SOUTH, truth,
} from "../common/harness.mjs";
import { both, close, db, fill, noContext, north, open, other, refused } from "./clinic.mjs";
import * as schema from "./schema.mjs";
import { actingWith, tokenOfRequest } from "./watertight_drizzle.mjs";

const { doctors, labels, patients, visitLabels, visits } = schema;

beforeEach(async () => {
  await admin("TRUNCATE doctors, labels, visits, visit_labels, patients RESTART IDENTITY");
  await both(fill);
});
after(close);

describe("work", () => {
  it("gives rows to the tenant that wrote them", async () => {
    for (const [table, each] of [["patients", 3], ["doctors", 3], ["visits", 9], ["labels", 1], ["visit_labels", 6]])
      for (const tenant of [NORTH, SOUTH])
        assert.deepEqual(await truth(`SELECT count(*) FROM ${table} WHERE tenant_id = $1`, tenant), [each], table);
  });

  it("shows each only its own", () => both(async (tx, who) => {
    const rows = await tx.select().from(patients).orderBy(asc(patients.id));
    assert.deepEqual(rows.map((row) => row.name), [123, 124, 125].map((id) => `${who} patient ${id}`));
    assert.equal(await tx.$count(visits), 9);
  }));

  it("lets both have patient 123", () => both(async (tx, who) => {
    const found = await tx.query.patients.findFirst({ where: eq(patients.id, 123) });
    assert.equal(found.name, `${who} patient 123`);
  }));

  it("finds nothing by the other one's key", async () => {
    const keys = await truth("SELECT id FROM visits WHERE tenant_id = $1", SOUTH);
    await north(async (tx) => assert.deepEqual(await tx.select().from(visits).where(inArray(visits.id, keys)), []));
  });

  it("updates and deletes without WHERE, its own", async () => {
    await north(async (tx) => {
      assert.equal((await tx.update(visits).set({ reason: "mine" }).returning()).length, 9);
      assert.equal((await tx.delete(visitLabels)).rowCount, 6);
      assert.equal((await tx.delete(visits)).rowCount, 9);
    });
    assert.deepEqual(await truth("SELECT count(*) FROM visits WHERE tenant_id = $1 AND reason <> 'mine'", SOUTH), [9]);
    assert.deepEqual(await truth("SELECT count(*) FROM visit_labels WHERE tenant_id = $1", SOUTH), [6]);
  });

  it("changes nothing by the other one's key", async () => {
    const keys = await truth("SELECT id FROM visits WHERE tenant_id = $1", SOUTH);
    await north(async (tx) => {
      assert.equal((await tx.update(visits).set({ reason: "x" }).where(inArray(visits.id, keys))).rowCount, 0);
      assert.equal((await tx.delete(visits).where(inArray(visits.id, keys))).rowCount, 0);
    });
  });

  it("cascades in its own rows", async () => {
    await north((tx) => tx.delete(patients).where(eq(patients.id, 123)));
    assert.deepEqual(await truth("SELECT count(*) FROM visits WHERE tenant_id = $1", NORTH), [6]);
    assert.deepEqual(await truth("SELECT count(*) FROM visit_labels WHERE tenant_id = $1", NORTH), [4]);
    assert.deepEqual(await truth("SELECT count(*) FROM visits WHERE tenant_id = $1", SOUTH), [9]);
    await north((tx) => tx.delete(doctors));
    assert.deepEqual(await truth("SELECT count(*) FROM visits WHERE tenant_id = $1 AND doctor_id IS NULL", NORTH), [6]);
    assert.deepEqual(await truth("SELECT count(*) FROM visits WHERE tenant_id = $1 AND doctor_id IS NULL", SOUTH), [0]);
  });

  it("joins", () => both(async (tx, who) => {
    const rows = await tx.select({ p: patients.name, r: visits.reason, d: doctors.name }).from(patients)
      .innerJoin(visits, eq(visits.patientId, patients.id)).leftJoin(doctors, eq(doctors.id, visits.doctorId));
    assert.equal(rows.length, 9);
    assert.ok(rows.every((row) => Object.values(row).every((cell) => cell.includes(who))));
    const { rows: [{ n }] } = await tx.execute(sql`SELECT count(*) AS n FROM ${patients} a, ${patients} b, ${doctors} c`);
    assert.equal(n, "27");
  }));

  it("loads relations", () => both(async (tx, who) => {
    const found = await tx.query.patients.findMany({ with: { visits: { with: { doctor: true, labels: { with: { label: true } } } } } });
    assert.deepEqual(found.map((patient) => patient.visits.length), [3, 3, 3]);
    for (const visit of found.flatMap((patient) => patient.visits)) assert.ok(visit.doctor.name.includes(who));
    assert.equal(found.flatMap((patient) => patient.visits.flatMap((visit) => visit.labels)).length, 6);
    assert.ok(!JSON.stringify(found).includes(other[who]));
  }));

  it("uses subqueries and CTEs", () => both(async (tx, who) => {
    const costly = tx.$with("costly").as(tx.select({ id: visits.patientId }).from(visits).where(gt(visits.cost, 20)));
    assert.equal((await tx.with(costly).select().from(costly)).length, 3);
    const reason = (text) => tx.select().from(patients).where(exists(
      tx.select().from(visits).where(and(eq(visits.patientId, patients.id), eq(visits.reason, text)))));
    assert.equal((await reason(`${who} 1`)).length, 3);
    assert.equal((await reason(`${other[who]} 1`)).length, 0);
  }));

  it("aggregates", () => both(async (tx) => {
    const [row] = await tx.select({ n: count(), total: sum(visits.cost), mean: avg(visits.cost) }).from(visits);
    assert.deepEqual([row.n, Number(row.total), Number(row.mean)], [9, 180, 20]);
    const groups = await tx.select({ id: visits.patientId, n: count() }).from(visits).groupBy(visits.patientId).having(gt(count(), 2));
    assert.equal(groups.length, 3);
  }));

  it("unites", () => both(async (tx) => {
    const rows = await unionAll(tx.select({ n: patients.name }).from(patients), tx.select({ n: doctors.name }).from(doctors));
    assert.equal(rows.length, 6);
  }));

  it("inserts in bulk", async () => {
    await both(async (tx, who) => {
      const rows = await tx.insert(doctors).values(Array.from({ length: 2000 }, (_, n) => ({ email: `b${n}@${who}`, name: who }))).returning({ id: doctors.id });
      assert.equal(new Set(rows.map((row) => row.id)).size, 2000);
    });
    for (const tenant of [NORTH, SOUTH]) assert.deepEqual(await truth("SELECT count(*) FROM doctors WHERE tenant_id = $1", tenant), [2003]);
  });

  it("inserts from a query", async () => {
    await north((tx) => tx.insert(labels).select(tx.select({ id: sql`1000 + ${patients.id}`.as("id"), name: patients.name }).from(patients)));
    assert.deepEqual(await truth("SELECT count(*) FROM labels WHERE tenant_id = $1", NORTH), [4]);
  });

  it("upserts", async () => {
    for (const logins of [1, 2])
      await both((tx, who) => tx.insert(doctors).values({ email: `new@${who}`, name: who, logins }).onConflictDoUpdate({ target: doctors.email, set: { logins } }));
    assert.deepEqual(await truth("SELECT logins FROM doctors WHERE email LIKE 'new@%'"), [2, 2]);
  });

  it("cannot reach the other one's row by upsert", async () => {
    const row = { email: "0@south.example", name: "stolen" };
    await refused(north((tx) => tx.insert(doctors).values(row).onConflictDoUpdate({ target: doctors.email, set: { name: "stolen" } })), "42501", /row-level security/);
    await north((tx) => tx.insert(doctors).values(row).onConflictDoNothing());
    assert.deepEqual(await truth("SELECT name FROM doctors WHERE email = '0@south.example'"), ["Dr south 0"]);
  });

  it("runs raw SQL", () => both(async (tx, who) => {
    const { rows } = await tx.execute(sql`SELECT name, tenant_id FROM patients WHERE name LIKE ${"%patient%"} OR true`);
    assert.deepEqual(new Set(rows.map((row) => row.tenant_id)), new Set([who === "north" ? NORTH : SOUTH]));
    assert.equal((await tx.execute(sql.raw("UPDATE doctors SET name = name || '!'"))).rowCount, 3);
  }));

  it("is refused when raw SQL names the other tenant", async () => {
    await refused(north((tx) => tx.execute(sql`INSERT INTO labels (name, tenant_id) VALUES ('planted', ${SOUTH})`)), "42501", /row-level security/);
    await refused(north((tx) => tx.execute(sql`UPDATE labels SET tenant_id = ${SOUTH}`)), "42501", /row-level security/);
    assert.deepEqual(await truth("SELECT count(*) FROM labels WHERE tenant_id = $1", SOUTH), [1]);
  });

  it("pages", () => both(async (tx, who) => {
    const seen = [];
    for (let page = 0; page < 5; page += 1)
      seen.push(...await tx.select().from(visits).orderBy(desc(visits.cost), asc(visits.id)).limit(2).offset(page * 2));
    assert.equal(seen.length, 9);
    assert.ok(seen.every((visit) => visit.reason.startsWith(who)));
    let key = 0;
    const sizes = [];
    for (;;) {
      const page = await tx.select().from(visits).where(gt(visits.id, key)).orderBy(asc(visits.id)).limit(4);
      if (!page.length) break;
      key = page.at(-1).id;
      sizes.push(page.length);
    }
    assert.deepEqual(sizes, [4, 4, 1]);
  }));

  it("may not refer to the other one's patient", async () => {
    await actingWith(TOKEN_SOUTH, () => db.transaction((tx) => tx.insert(patients).values({ id: 777, name: "only south" })));
    await refused(north((tx) => tx.insert(visits).values({ patientId: 777, reason: "spying" })), "23503");
  });

  it("locks its own rows", () => both(async (tx, who) => {
    const rows = await tx.select().from(patients).for("update", { skipLocked: true });
    assert.ok(rows.length === 3 && rows.every((row) => row.name.startsWith(who)));
  }));

  it("reads by a server-side cursor", () => both(async (tx, who) => {
    await tx.execute(sql`DECLARE c CURSOR FOR SELECT reason FROM visits`);
    const seen = [];
    for (;;) {
      const { rows } = await tx.execute(sql`FETCH 2 FROM c`);
      if (!rows.length) break;
      seen.push(...rows);
    }
    assert.ok(seen.length === 9 && seen.every((row) => row.reason.startsWith(who)));
  }));
});

describe("transactions", () => {
  it("roll back", async () => {
    await assert.rejects(north(async (tx) => {
      await tx.update(visits).set({ reason: "never" });
      tx.rollback();
    }), /Rollback/);
    await assert.rejects(north(async (tx) => {
      await tx.update(visits).set({ reason: "never" });
      throw new Error("a mistake");
    }), /a mistake/);
    assert.deepEqual(await truth("SELECT count(*) FROM visits WHERE reason = 'never'"), [0]);
  });

  it("have savepoints", async () => {
    await both(async (tx, who) => {
      await tx.transaction((inner) => inner.insert(labels).values({ name: `${who} kept` }));
      await refused(tx.transaction((inner) => inner.insert(doctors).values({ email: `0@${who}.example`, name: "twice" })), "23505");
      // After ROLLBACK TO the token is still there, and still the same.
      const { rows } = await tx.execute(sql`SELECT watertight.tenant()`);
      assert.equal(rows[0].tenant, who);
      await assert.rejects(tx.transaction(async (inner) => {
        await inner.delete(visitLabels);
        inner.rollback();
      }));
    });
    assert.deepEqual((await truth("SELECT name FROM labels WHERE name LIKE '% kept'")).sort(), ["north kept", "south kept"]);
    assert.deepEqual(await truth("SELECT count(*) FROM visit_labels"), [12]);
  });

  it("have isolation levels", async () => {
    for (const [who, token] of CLINICS)
      await actingWith(token, () => db.transaction(async (tx) => {
        assert.equal((await tx.query.patients.findFirst({ where: eq(patients.id, 123) })).name, `${who} patient 123`);
      }, { isolationLevel: "serializable", accessMode: "read only" }));
  });

  it("are needed", () => actingWith(TOKEN_NORTH, async () => {
    await noContext(db.select().from(patients));
    await noContext(db.query.patients.findMany());
    await noContext(db.insert(labels).values({ name: "x" }));
    await noContext(db.update(labels).set({ name: "x" }));
    await noContext(db.delete(visitLabels));
  }));
});

describe("tokens", () => {
  it("may not be missing", async () => {
    await noContext(db.transaction((tx) => tx.select().from(patients)));
    await noContext(db.transaction((tx) => tx.insert(labels).values({ name: "x" })));
    await noContext(db.transaction((tx) => tx.update(labels).set({ name: "x" })));
    await noContext(db.transaction((tx) => tx.delete(visitLabels)));
  });

  it("may not be forged, expired, of nobody, or no token", async () => {
    const bad = [[TOKEN_FORGED, /signature/], [TOKEN_EXPIRED, /expired/], [TOKEN_NOBODY, /does not exist/], [TOKEN_NORTH.slice(0, -5)], [""], ["null"]];
    for (const [token, message] of bad) {
      await refused(actingWith(token, () => db.transaction((tx) => tx.select().from(patients))), "28000", message);
      // The connection is as good as new.
      await both(async (tx) => assert.equal(await tx.$count(patients), 3));
    }
  });

  it("expire between two statements", async () => {
    const token = sign("--tenant", "north", "--exp-in", "2");
    await refused(actingWith(token, () => db.transaction(async (tx) => {
      assert.equal(await tx.$count(patients), 3);
      await sleep(3000);
      await tx.$count(patients);
    })), "28000", /expired/);
  });

  it("are revoked between two statements", async () => {
    const token = sign("--tenant", "north", "--jti", "t-3");
    await refused(actingWith(token, () => db.transaction(async (tx) => {
      assert.equal(await tx.$count(patients), 3);
      await admin("SELECT watertight.revoke_token('t-3')");
      await tx.$count(patients);
    })), "28000", /revoked/);
  });

  it("are not told by log, errors or pg_stat_activity", async () => {
    const said = [];
    const talkative = open(APP_URL, {}, { logger: { logQuery: (query, parameters) => said.push(query, JSON.stringify(parameters), `${parameters}`) } });
    await north(async (tx) => {
      await tx.select().from(patients);
      said.push(JSON.stringify(await admin("SELECT query FROM pg_stat_activity WHERE usename = 'app'")));
    }, talkative);
    await assert.rejects(actingWith(TOKEN_FORGED, () => talkative.transaction(() => {})), (error) => said.push(`${error}`, error.stack, JSON.stringify(error)) > 0);
    assert.match(said.join("\n"), /watertight\.begin[^]*<token>/);
    for (const token of [TOKEN_NORTH, TOKEN_FORGED]) assert.ok(!said.join("\n").includes(token.slice(-20)));
  });
});

describe("pools", () => {
  it("give one connection to both clinics and to a client that forgets, a thousand times", async (t) => {
    let seen = 0;
    let crossed = 0;
    let refusals = 0;
    const backends = new Set();
    for (let n = 0; n < 400; n += 1) {
      await both(async (tx, who) => {
        const rows = await tx.select({ name: patients.name, pid: sql`pg_backend_pid()` }).from(patients);
        seen += rows.length;
        crossed += rows.filter((row) => !row.name.startsWith(who)).length;
        rows.forEach((row) => backends.add(row.pid));
      });
      await db.transaction((tx) => tx.select().from(patients)).then((rows) => { crossed += rows.length; }, () => { refusals += 1; });
    }
    t.diagnostic(`${seen} rows read over ${backends.size} connection, ${refusals} refused, ${crossed} of another tenant`);
    assert.deepEqual([seen, crossed, refusals, backends.size], [2400, 0, 400, 1]);
  });

  it("serve hundreds of concurrent requests", async (t) => {
    const shared = open(APP_URL, { max: 2 });
    let seen = 0;
    let crossed = 0;
    const request = async (who) => {
      await sleep(Math.random() * 20);
      const rows = await shared.transaction(async (tx) => {
        await tx.update(doctors).set({ logins: sql`${doctors.logins} + 1` });
        return tx.select().from(patients);
      });
      seen += rows.length;
      crossed += rows.filter((row) => !row.name.startsWith(who)).length;
    };
    await Promise.all(Array.from({ length: 300 }, (_, n) => actingWith(CLINICS[n % 2][1], () => request(CLINICS[n % 2][0]))));
    t.diagnostic(`${seen} rows in 300 requests over 2 connections, ${crossed} of another tenant`);
    assert.deepEqual([seen, crossed], [900, 0]);
    assert.deepEqual(await truth("SELECT DISTINCT logins FROM doctors"), [150]);
  });

  it("serve HTTP requests by their Authorization header", async () => {
    const server = http.createServer((request, response) => tokenOfRequest(request, response, async () => {
      try {
        const rows = await db.transaction((tx) => tx.select().from(patients));
        response.end(JSON.stringify(rows.map((row) => row.name)));
      } catch (error) {
        response.writeHead(error.cause?.code === "28000" ? 401 : 500).end();
      }
    }));
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const get = async (authorization) => {
      const response = await fetch(`http://127.0.0.1:${server.address().port}/`, { headers: authorization ? { authorization } : {} });
      return [response.status, await response.text()];
    };
    try {
      await Promise.all(Array.from({ length: 50 }, async () => {
        for (const [who, token] of CLINICS) {
          const [status, body] = await get(`Bearer ${token}`);
          assert.deepEqual([status, JSON.parse(body).every((name) => name.startsWith(who))], [200, true]);
        }
        for (const wrong of [undefined, `Bearer ${TOKEN_FORGED}`, `Bearer ${TOKEN_EXPIRED}`, "Basic bm9yYTp4", "Bearer"])
          assert.deepEqual(await get(wrong), [401, ""]);
      }));
    } finally {
      server.close();
      server.closeAllConnections?.();
    }
  });

  it("share prepared statements", async () => {
    for (let n = 0; n < 20; n += 1)
      await both(async (tx, who) => {
        const byId = tx.select().from(patients).where(eq(patients.id, sql.placeholder("id"))).prepare("patient_by_id");
        assert.deepEqual((await byId.execute({ id: 123 })).map((row) => row.name), [`${who} patient 123`]);
      });
  });

  it("replace a connection that broke", async () => {
    for (const [who, token] of CLINICS) {
      const { rows: [{ pid }] } = await db.execute(sql`SELECT pg_backend_pid() AS pid`);
      await admin("SELECT pg_terminate_backend($1, 5000)", [pid]);
      await sleep(50);
      await actingWith(token, () => db.transaction(async (tx) => {
        assert.equal((await tx.query.patients.findFirst({ where: eq(patients.id, 123) })).name, `${who} patient 123`);
      }));
    }
  });
});

describe("migrations", () => {
  it("ran after the tables were protected", async () => {
    assert.deepEqual(await truth("SELECT count(*) FROM drizzle.__drizzle_migrations"), [2]);
    await both(async (tx) => assert.ok((await tx.select().from(visits)).every((visit) => visit.note === "none")));
  });

  it("of data need the tokens of their tenants", async () => {
    const owner = open(OWNER_URL);
    await noContext(owner.transaction((tx) => tx.update(visits).set({ note: "migrated" })));
    await both((tx) => tx.update(visits).set({ note: "migrated" }), owner);
    assert.deepEqual(await truth("SELECT count(*) FROM visits WHERE note = 'migrated'"), [18]);
  });

  it("left no name of a tenant in a query", () => both(async (tx) => {
    const queries = [tx.select().from(patients), tx.insert(patients).values({ id: 1, name: "x" }), tx.select().from(visits).where(like(visits.reason, "%"))];
    for (const query of queries) assert.doesNotMatch(query.toSQL().sql, /tenant/);
    await queries[0];
  }));
});
