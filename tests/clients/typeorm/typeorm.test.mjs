// Two clinics in one database, through TypeORM's repositories, query builder and raw SQL, over one pooled connection.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { DataSource, In, Like, MoreThan } from "typeorm";
import {
  admin, APP_URL, CLINICS, NORTH, OWNER_URL, sign, SOUTH, TOKEN_EXPIRED, TOKEN_FORGED, TOKEN_NOBODY, TOKEN_NORTH, TOKEN_SOUTH, truth,
} from "../common/harness.mjs";
import { Doctor, entities, Label, Patient, Visit } from "./entities.mjs";
import { actingWith, TokenSubscriber } from "./watertight_typeorm.mjs";

const sources = [];

async function open(options = {}) {
  const source = new DataSource({
    type: "postgres", url: APP_URL, poolSize: 1, entities, subscribers: [TokenSubscriber], installExtensions: false, ...options,
  });
  sources.push(source);
  return source.initialize();
}

let db;
const other = { north: "south", south: "north" };

/** The same ids and nearly the same names for whoever asks: only the tenant tells them apart. */
async function fill(manager, who) {
  const lab = await manager.save(Label, { name: "lab" });
  const staff = await manager.save(Doctor, [0, 1, 2].map((n) => ({ email: `${n}@${who}.example`, name: `Dr ${who} ${n}` })));
  await manager.save(Patient, [123, 124, 125].map((id) => ({
    id, name: `${who} patient ${id}`,
    visits: [0, 1, 2].map((n) => ({ reason: `${who} ${n}`, cost: 10 * (n + 1), doctor: staff[n], labels: n ? [lab] : [] })),
  })));
}

/** One transaction for each clinic. */
async function both(work, source = db) {
  for (const [who, token] of CLINICS) await actingWith(token, () => source.transaction((manager) => work(manager, who)));
}

const north = (work, source = db) => actingWith(TOKEN_NORTH, () => source.transaction(work));

async function refused(promise, code, message = /(?:)/) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.code, code, `${error}`);
    assert.match(error.message, message);
    return true;
  });
}

const noContext = (promise) => refused(promise, "28000", /no tenant context/);

before(async () => { db = await open(); });
beforeEach(async () => {
  await admin("TRUNCATE doctors, labels, visits, visit_labels, patients RESTART IDENTITY");
  await both(fill);
});
after(() => Promise.all(sources.map((source) => source.destroy())));

describe("work", () => {
  it("gives rows to the tenant that wrote them", async () => {
    for (const [table, each] of [["patients", 3], ["doctors", 3], ["visits", 9], ["labels", 1], ["visit_labels", 6]])
      for (const tenant of [NORTH, SOUTH])
        assert.deepEqual(await truth(`SELECT count(*) FROM ${table} WHERE tenant_id = $1`, tenant), [each], table);
  });

  it("shows each only its own", () => both(async (manager, who) => {
    const rows = await manager.find(Patient, { order: { id: "ASC" } });
    assert.deepEqual(rows.map((row) => row.name), [123, 124, 125].map((id) => `${who} patient ${id}`));
    assert.equal(await manager.count(Visit), 9);
  }));

  it("lets both have patient 123", () => both(async (manager, who) => {
    assert.equal((await manager.findOneByOrFail(Patient, { id: 123 })).name, `${who} patient 123`);
  }));

  it("finds nothing by the other one's key", async () => {
    const keys = await truth("SELECT id FROM visits WHERE tenant_id = $1", SOUTH);
    await north(async (manager) => {
      assert.deepEqual(await manager.findBy(Visit, { id: In(keys) }), []);
      assert.equal((await manager.update(Visit, { id: In(keys) }, { reason: "x" })).affected, 0);
      assert.equal((await manager.delete(Visit, { id: In(keys) })).affected, 0);
    });
  });

  it("saves", async () => {
    await both((manager, who) => manager.save(Patient, { id: 7, name: `${who} seven` }));
    await north((manager) => manager.save(Patient, { id: 7, name: "north saved again" }));
    assert.deepEqual((await truth("SELECT name FROM patients WHERE id = 7")).sort(), ["north saved again", "south seven"]);
    // A new entity is saved in a transaction that TypeORM begins by itself.
    for (const [who, token] of CLINICS) await actingWith(token, () => db.getRepository(Label).save({ name: `${who} alone` }));
    assert.deepEqual(await truth("SELECT name FROM labels WHERE tenant_id = $1 ORDER BY id", SOUTH), ["lab", "south alone"]);
  });

  it("updates and deletes without WHERE, its own", async () => {
    await north(async (manager) => {
      assert.equal((await manager.createQueryBuilder().update(Visit).set({ reason: "mine" }).execute()).affected, 9);
      assert.equal((await manager.increment(Doctor, { id: MoreThan(0) }, "logins", 5)).affected, 3);
      assert.equal((await manager.createQueryBuilder().delete().from(Visit).execute()).affected, 9);
    });
    assert.deepEqual(await truth("SELECT count(*) FROM visits WHERE tenant_id = $1 AND reason <> 'mine'", SOUTH), [9]);
    assert.deepEqual(await truth("SELECT sum(logins) FROM doctors WHERE tenant_id = $1", SOUTH), [0]);
  });

  it("cascades in its own rows", async () => {
    await north(async (manager) => {
      await manager.remove(Patient, await manager.findOneByOrFail(Patient, { id: 123 }));
      await manager.createQueryBuilder().delete().from(Doctor).execute();
      assert.equal(await manager.createQueryBuilder(Visit, "v").where("v.doctor IS NULL").getCount(), 6);
    });
    assert.deepEqual(await truth("SELECT count(*) FROM visits WHERE tenant_id = $1", NORTH), [6]);
    assert.deepEqual(await truth("SELECT count(*) FROM visits WHERE tenant_id = $1 AND doctor_id IS NOT NULL", SOUTH), [9]);
  });

  it("loads relations", () => both(async (manager, who) => {
    for (const relationLoadStrategy of ["join", "query"]) {
      const found = await manager.find(Patient, { relations: { visits: { doctor: true, labels: true } }, relationLoadStrategy });
      assert.deepEqual(found.map((patient) => patient.visits.length), [3, 3, 3]);
      for (const visit of found.flatMap((patient) => patient.visits)) assert.ok(visit.doctor.name.includes(who));
      assert.equal(found.flatMap((patient) => patient.visits.flatMap((visit) => visit.labels)).length, 6);
      assert.ok(!JSON.stringify(found).includes(other[who]));
    }
  }));

  it("joins and uses subqueries", () => both(async (manager, who) => {
    const rows = await manager.createQueryBuilder(Patient, "p").innerJoin("p.visits", "v").leftJoin("v.doctor", "d")
      .select(["p.name", "v.reason", "d.name"]).getRawMany();
    assert.equal(rows.length, 9);
    assert.ok(rows.every((row) => Object.values(row).every((cell) => cell.includes(who))));
    const having = (reason) => manager.createQueryBuilder(Patient, "p")
      .where((query) => `p.id IN ${query.subQuery().select("v.patient").from(Visit, "v").where("v.reason = :reason").getQuery()}`)
      .setParameters({ reason }).getCount();
    assert.equal(await having(`${who} 1`), 3);
    assert.equal(await having(`${other[who]} 1`), 0);
  }));

  it("aggregates", () => both(async (manager) => {
    const row = await manager.createQueryBuilder(Visit, "v").select("count(*)", "n").addSelect("sum(v.cost)", "total").getRawOne();
    assert.deepEqual([row.n, row.total], ["9", "180.00"]);
    assert.equal(await manager.sum(Visit, "cost"), 180);
    assert.equal(await manager.maximum(Visit, "cost"), 30);
    const groups = await manager.createQueryBuilder(Visit, "v").select("v.patient_id", "p").addSelect("count(*)", "n").groupBy("v.patient_id").getRawMany();
    assert.deepEqual(groups.map((group) => group.n), ["3", "3", "3"]);
  }));

  it("inserts in bulk", async () => {
    await both(async (manager, who) => {
      const result = await manager.insert(Doctor, Array.from({ length: 2000 }, (_, n) => ({ email: `b${n}@${who}`, name: who })));
      assert.equal(new Set(result.identifiers.map((row) => row.id)).size, 2000);
    });
    for (const tenant of [NORTH, SOUTH]) assert.deepEqual(await truth("SELECT count(*) FROM doctors WHERE tenant_id = $1", tenant), [2003]);
  });

  it("upserts", async () => {
    for (const logins of [1, 2])
      await both((manager, who) => manager.upsert(Doctor, [{ email: `new@${who}`, name: who, logins }], ["email"]));
    assert.deepEqual(await truth("SELECT logins FROM doctors WHERE email LIKE 'new@%'"), [2, 2]);
    await refused(north((manager) => manager.upsert(Doctor, [{ email: "0@south.example", name: "stolen" }], ["email"])), "42501", /row-level security/);
    await north((manager) => manager.createQueryBuilder().insert().into(Doctor).values({ email: "0@south.example", name: "x" }).orIgnore().execute());
    assert.deepEqual(await truth("SELECT name FROM doctors WHERE email = '0@south.example'"), ["Dr south 0"]);
  });

  it("runs raw SQL", () => both(async (manager, who) => {
    const rows = await manager.query("SELECT * FROM patients WHERE name LIKE $1 OR true", ["%"]);
    assert.deepEqual(new Set(rows.map((row) => row.tenant_id)), new Set([who === "north" ? NORTH : SOUTH]));
  }));

  it("is refused when raw SQL names the other tenant", async () => {
    await refused(north((manager) => manager.query("INSERT INTO labels (name, tenant_id) VALUES ('planted', $1)", [SOUTH])), "42501", /row-level security/);
    await refused(north((manager) => manager.query("UPDATE labels SET tenant_id = $1", [SOUTH])), "42501", /row-level security/);
  });

  it("pages", () => both(async (manager, who) => {
    const seen = [];
    for (let page = 0; page < 5; page += 1) {
      const [rows, total] = await manager.findAndCount(Visit, { order: { cost: "DESC", id: "ASC" }, skip: page * 2, take: 2 });
      assert.equal(total, 9);
      seen.push(...rows);
    }
    assert.ok(seen.length === 9 && seen.every((visit) => visit.reason.startsWith(who)));
    const paged = await manager.find(Patient, { relations: { visits: true }, order: { id: "ASC" }, skip: 1, take: 1, where: { id: MoreThan(0) } });
    assert.equal(paged[0].name, `${who} patient 124`);
  }));

  it("may not refer to the other one's patient", async () => {
    await actingWith(TOKEN_SOUTH, () => db.transaction((manager) => manager.insert(Patient, { id: 777, name: "only south" })));
    await refused(north((manager) => manager.insert(Visit, { patient: { id: 777 }, reason: "spying" })), "23503");
  });

  it("locks its own rows", () => both(async (manager, who) => {
    const rows = await manager.find(Patient, { lock: { mode: "pessimistic_write", onLocked: "skip_locked" } });
    assert.ok(rows.length === 3 && rows.every((row) => row.name.startsWith(who)));
  }));

  it("streams by a server-side cursor", () => both(async (manager, who) => {
    const stream = await manager.createQueryBuilder(Visit, "v").select("v.reason", "reason").stream();
    const seen = [];
    for await (const row of stream) seen.push(row);
    assert.ok(seen.length === 9 && seen.every((row) => row.reason.startsWith(who)));
  }));
});

describe("transactions", () => {
  it("roll back", async () => {
    await assert.rejects(north(async (manager) => {
      await manager.update(Visit, { reason: Like("%") }, { reason: "never" });
      throw new Error("a mistake");
    }), /a mistake/);
    assert.deepEqual(await truth("SELECT count(*) FROM visits WHERE reason = 'never'"), [0]);
  });

  it("have savepoints", async () => {
    await both(async (manager, who) => {
      await manager.transaction((inner) => inner.insert(Label, { name: `${who} kept` }));
      await refused(manager.transaction((inner) => inner.insert(Doctor, { email: `0@${who}.example`, name: "twice" })), "23505");
      // After ROLLBACK TO the token is still there, and still the same.
      assert.deepEqual(await manager.query("SELECT watertight.tenant()"), [{ tenant: who }]);
      await assert.rejects(manager.transaction(async (inner) => {
        await inner.query("DELETE FROM visit_labels");
        throw new Error("a mistake");
      }), /a mistake/);
    });
    assert.deepEqual((await truth("SELECT name FROM labels WHERE name LIKE '% kept'")).sort(), ["north kept", "south kept"]);
    assert.deepEqual(await truth("SELECT count(*) FROM visit_labels"), [12]);
  });

  it("have isolation levels and query runners", async () => {
    for (const [who, token] of CLINICS)
      await actingWith(token, async () => {
        await db.transaction("SERIALIZABLE", async (manager) => assert.equal(await manager.countBy(Patient, { name: Like(`${who}%`) }), 3));
        const runner = db.createQueryRunner();
        await runner.startTransaction();
        assert.equal((await runner.query("SELECT name FROM patients")).length, 3);
        await runner.rollbackTransaction();
        await noContext(runner.query("SELECT name FROM patients"));
        await runner.release();
      });
  });

  it("are needed", () => actingWith(TOKEN_NORTH, async () => {
    await noContext(db.getRepository(Patient).find());
    await noContext(db.getRepository(Patient).count());
    await noContext(db.getRepository(Label).insert({ name: "x" }));
    await noContext(db.query("DELETE FROM visit_labels"));
  }));
});

describe("tokens", () => {
  it("may not be missing", async () => {
    await noContext(db.transaction((manager) => manager.find(Patient)));
    await noContext(db.transaction((manager) => manager.insert(Label, { name: "x" })));
    await noContext(db.getRepository(Label).save({ name: "x" }));
    await noContext(db.transaction((manager) => manager.query("UPDATE labels SET name = 'x'")));
  });

  it("may not be forged, expired, of nobody, or no token", async () => {
    const bad = [[TOKEN_FORGED, /signature/], [TOKEN_EXPIRED, /expired/], [TOKEN_NOBODY, /does not exist/], [TOKEN_NORTH.slice(0, -5)], [""], ["null"]];
    for (const [token, message] of bad) {
      await refused(actingWith(token, () => db.transaction((manager) => manager.find(Patient))), "28000", message);
      await refused(actingWith(token, () => db.getRepository(Label).save({ name: "x" })), "28000", message);
      // The connection is as good as new.
      await both(async (manager) => assert.equal(await manager.count(Patient), 3));
    }
  });

  it("expire between two statements", async () => {
    const token = sign("--tenant", "north", "--exp-in", "2");
    await refused(actingWith(token, () => db.transaction(async (manager) => {
      assert.equal(await manager.count(Patient), 3);
      await sleep(3000);
      await manager.count(Patient);
    })), "28000", /expired/);
  });

  it("are revoked between two statements", async () => {
    const token = sign("--tenant", "north", "--jti", "t-5");
    await refused(actingWith(token, () => db.transaction(async (manager) => {
      assert.equal(await manager.count(Patient), 3);
      await admin("SELECT watertight.revoke_token('t-5')");
      await manager.count(Patient);
    })), "28000", /revoked/);
  });

  it("are not told by log, errors or pg_stat_activity", async () => {
    const said = [];
    const log = (...words) => said.push(words.filter((word) => typeof word !== "object" || Array.isArray(word)).map((word) => `${word}${JSON.stringify(word)}`).join());
    const talkative = await open({ logger: { logQuery: log, logQueryError: log, logQuerySlow: log, logSchemaBuild: log, logMigration: log, log } });
    await north(async (manager) => {
      await manager.find(Patient);
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
      await both(async (manager, who) => {
        const rows = await manager.createQueryBuilder(Patient, "p").select("p.name", "name").addSelect("pg_backend_pid()", "pid").getRawMany();
        seen += rows.length;
        crossed += rows.filter((row) => !row.name.startsWith(who)).length;
        rows.forEach((row) => backends.add(row.pid));
      });
      await db.transaction((manager) => manager.find(Patient)).then((rows) => { crossed += rows.length; }, () => { refusals += 1; });
    }
    t.diagnostic(`${seen} rows read over ${backends.size} connection, ${refusals} refused, ${crossed} of another tenant`);
    assert.deepEqual([seen, crossed, refusals, backends.size], [2400, 0, 400, 1]);
  });

  it("serve hundreds of concurrent requests", async (t) => {
    const shared = await open({ poolSize: 2 });
    let seen = 0;
    let crossed = 0;
    const request = async (who) => {
      await sleep(Math.random() * 20);
      const rows = await shared.transaction(async (manager) => {
        await manager.increment(Doctor, { id: MoreThan(0) }, "logins", 1);
        return manager.find(Patient);
      });
      seen += rows.length;
      crossed += rows.filter((row) => !row.name.startsWith(who)).length;
    };
    await Promise.all(Array.from({ length: 300 }, (_, n) => actingWith(CLINICS[n % 2][1], () => request(CLINICS[n % 2][0]))));
    t.diagnostic(`${seen} rows in 300 requests over 2 connections, ${crossed} of another tenant`);
    assert.deepEqual([seen, crossed], [900, 0]);
    assert.deepEqual(await truth("SELECT DISTINCT logins FROM doctors"), [150]);
  });

  it("replace a connection that broke", async () => {
    for (const [who, token] of CLINICS) {
      const [{ pid }] = await db.query("SELECT pg_backend_pid() AS pid");
      await admin("SELECT pg_terminate_backend($1, 5000)", [pid]);
      await sleep(50);
      await actingWith(token, () => db.transaction(async (manager) => assert.equal((await manager.findOneBy(Patient, { id: 123 })).name, `${who} patient 123`)));
    }
  });
});

describe("migrations", () => {
  it("ran after the tables were protected", async () => {
    assert.deepEqual(await truth("SELECT count(*) FROM migrations"), [2]);
    await both(async (manager) => assert.equal(await manager.countBy(Visit, { note: "none" }), 9));
  });

  it("of data need the tokens of their tenants", async () => {
    const owner = await open({ url: OWNER_URL });
    await noContext(owner.transaction((manager) => manager.query("UPDATE visits SET note = 'migrated'")));
    await both((manager) => manager.query("UPDATE visits SET note = 'migrated'"), owner);
    assert.deepEqual(await truth("SELECT count(*) FROM visits WHERE note = 'migrated'"), [18]);
  });

  it("by synchronize() do not take the protection away", async () => {
    // It drops whatever the entities do not mention, the tenant column first.
    const owner = await open({ url: OWNER_URL });
    await assert.rejects(owner.synchronize(), /protected table/);
    assert.deepEqual(await truth("SELECT count(*) FROM watertight.protected_tables"), [6]);
    await both(async (manager) => assert.equal(await manager.count(Patient), 3));
  });
});
