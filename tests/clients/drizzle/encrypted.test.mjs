// Encrypted columns. The queries are those of plain columns.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { asc, countDistinct, eq, inArray, like, ne, sql } from "drizzle-orm";
import { admin, truth } from "../common/harness.mjs";
import { both, close, refused } from "./clinic.mjs";
import { people } from "./schema.mjs";

const SSN = "123-45-6789";

before(() => admin("TRUNCATE people RESTART IDENTITY"));
after(close);

describe("encrypted columns", () => {
  it("are written and read", () => both(async (tx, who) => {
    const [person] = await tx.insert(people).values({ name: `${who} person`, ssn: SSN, note: `${who} note` }).returning();
    assert.deepEqual(person, { id: person.id, name: `${who} person`, ssn: SSN, note: `${who} note` });
    await tx.insert(people).values([...Array(20).keys()].map((n) => ({ name: `${who} ${n}`, ssn: `${n}` })));
    assert.deepEqual(await tx.query.people.findFirst({ where: eq(people.ssn, SSN) }), person);
  }));

  it("are found by equality, in lists and in joins", () => both(async (tx, who) => {
    const found = await tx.select({ name: people.name }).from(people).where(eq(people.ssn, SSN));
    assert.deepEqual(found, [{ name: `${who} person` }]);
    assert.equal(await tx.$count(people, ne(people.ssn, SSN)), 20);
    assert.equal(await tx.$count(people, inArray(people.ssn, ["3", "4", "none"])), 2);
    const { rows: [{ n }] } = await tx.execute(sql`SELECT count(*) AS n FROM people a JOIN people b ON a.ssn = b.ssn`);
    assert.equal(n, "21");
    assert.deepEqual(await tx.select({ n: countDistinct(people.ssn) }).from(people), [{ n: 21 }]);
  }));

  it("can be read by functions", () => both(async (tx, who) => {
    assert.equal(await tx.$count(people, like(people.name, `${who} p%`)), 1);
    const first = await tx.select().from(people).orderBy(asc(sql`${people.name}::text`)).limit(1);
    assert.equal(first[0].name, `${who} 0`);
  }));

  it("are changed and upserted", async () => {
    await both(async (tx, who) => {
      await tx.update(people).set({ note: "changed" }).where(eq(people.ssn, SSN));
      for (const n of [0, 1]) {
        await tx.insert(people).values({ name: `${who} upserted ${n}`, ssn: SSN })
          .onConflictDoUpdate({ target: people.ssn, set: { name: sql`excluded.name` } });
        const [person] = await tx.select().from(people).where(eq(people.ssn, SSN));
        assert.deepEqual([person.name, person.note], [`${who} upserted ${n}`, "changed"]);
      }
      await tx.insert(people).values({ name: "twice", ssn: SSN }).onConflictDoNothing();
      await refused(tx.transaction((inner) => inner.insert(people).values({ name: "twice", ssn: SSN })), "23505");
    });
    const values = await truth("SELECT unnest(ARRAY[name::text, ssn::text, note::text]) FROM people WHERE note IS NOT NULL");
    assert.equal(values.length, 6);
    assert.ok(values.every((value) => value.startsWith("watertight:v1:")), `${values}`);
  });

  it("are found by one prepared statement for both", async () => {
    const prepared = (tx) => tx.select({ name: people.name }).from(people).where(eq(people.ssn, sql.placeholder("ssn"))).prepare("by_ssn");
    const literal = (tx) => tx.select({ name: people.name }).from(people).where(sql`ssn = '123-45-6789'`).prepare("by_literal");
    for (let n = 0; n < 12; n += 1) await both(async (tx, who) => {
      assert.deepEqual(await prepared(tx).execute({ ssn: SSN }), [{ name: `${who} upserted 1` }]);
      assert.deepEqual(await literal(tx).execute(), [{ name: `${who} upserted 1` }]);
    });
  });
});
