// Gives every transaction of a Drizzle database the token of the request that it serves.

import { AsyncLocalStorage } from "node:async_hooks";
import { sql } from "drizzle-orm";

const current = new AsyncLocalStorage();

/** Transactions that begin inside `work`, and in whatever it awaits, belong to this token. */
export const actingWith = (token, work) => current.run(new Token(token), work);

/** Express and the like: app.use(tokenOfRequest). */
export function tokenOfRequest(request, response, next) {
  const [, token] = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? "") ?? [];
  return token === undefined ? current.exit(next) : actingWith(token, next);
}

/** Is sent as the text it is. Drizzle's log and error messages show parameters by toString() and toJSON(). */
class Token {
  #text;
  constructor(text) {
    this.#text = text;
  }
  toPostgres() {
    return this.#text;
  }
  toString() {
    return "<token>";
  }
  toJSON() {
    return "<token>";
  }
}

/** Call it once, on what drizzle() returned. */
export function install(db) {
  const { transaction } = db;
  db.transaction = (work, config) =>
    transaction.call(
      db,
      async (tx) => {
        const token = current.getStore();
        if (token !== undefined) await tx.execute(sql`SELECT watertight.begin(${token})`);
        return work(tx);
      },
      config,
    );
  return db;
}
