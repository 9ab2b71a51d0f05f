// Encrypted columns. The entity says text, and the queries are those of plain columns.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DataSource, In, Like, Not } from "typeorm";
import { admin, APP_URL, CLINICS, truth } from "../common/harness.mjs";
import { entities, Person } from "./entities.mjs";
import { actingWith, TokenSubscriber } from "./watertight_typeorm.mjs";

const SSN = "123-45-6789";
const db = new DataSource({
  type: "postgres", url: APP_URL, poolSize: 1, entities, subscribers: [TokenSubscriber], installExtensions: false,
});

/** One transaction for each clinic. */
async function both(work) {
  for (const [who, token] of CLINICS) await actingWith(token, () => db.transaction((manager) => work(manager, who)));
}

before(async () => {
  await db.initialize();
  await admin("TRUNCATE people RESTART IDENTITY");
});
after(() => db.destroy());

describe("encrypted columns", () => {
  it("are written and read", () => both(async (manager, who) => {
    const { id } = await manager.save(Person, { name: `${who} person`, ssn: SSN, note: `${who} note` });
    await manager.insert(Person, [...Array(20).keys()].map((n) => ({ name: `${who} ${n}`, ssn: `${n}` })));
    const person = await manager.findOneByOrFail(Person, { id });
    assert.deepEqual({ ...person }, { id, name: `${who} person`, ssn: SSN, note: `${who} note` });
  }));

  it("are found by equality, in lists and in joins", () => both(async (manager, who) => {
    assert.equal((await manager.findOneByOrFail(Person, { ssn: SSN })).name, `${who} person`);
    assert.equal(await manager.countBy(Person, { ssn: Not(SSN) }), 20);
    assert.equal(await manager.countBy(Person, { ssn: In(["3", "4", "none"]) }), 2);
    const joined = await manager.createQueryBuilder(Person, "a").innerJoin(Person, "b", "a.ssn = b.ssn").getCount();
    assert.equal(joined, 21);
  }));

  it("can be read by functions", () => both(async (manager, who) => {
    assert.equal(await manager.countBy(Person, { name: Like(`${who} p%`) }), 1);
    const first = await manager.createQueryBuilder(Person, "p").select("p.name", "name").orderBy("lower(p.name)").limit(1).getRawOne();
    assert.equal(first.name, `${who} 0`);
  }));

  it("are changed and upserted", async () => {
    await both(async (manager, who) => {
      const person = await manager.findOneByOrFail(Person, { ssn: SSN });
      await manager.save(Person, { ...person, name: `${who} saved` });
      assert.equal((await manager.update(Person, { ssn: SSN }, { note: "changed" })).affected, 1);
      for (const n of [0, 1]) {
        await manager.upsert(Person, { name: `${who} upserted ${n}`, ssn: SSN }, ["ssn"]);
        const now = await manager.findOneByOrFail(Person, { ssn: SSN });
        assert.deepEqual([now.id, now.name, now.note], [person.id, `${who} upserted ${n}`, "changed"]);
      }
    });
    const values = await truth("SELECT unnest(ARRAY[name::text, ssn::text, note::text]) FROM people WHERE note IS NOT NULL");
    assert.equal(values.length, 6);
    assert.ok(values.every((value) => value.startsWith("watertight:v1:")), `${values}`);
  });
});
