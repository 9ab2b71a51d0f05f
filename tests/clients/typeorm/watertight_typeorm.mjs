// Gives every transaction of a TypeORM data source the token of the request that it serves.

import { AsyncLocalStorage } from "node:async_hooks";
import { EventSubscriber } from "typeorm";

const current = new AsyncLocalStorage();

/** Transactions that begin inside `work`, and in whatever it awaits, belong to this token. */
export const actingWith = (token, work) => current.run(new Token(token), work);

/** For the `subscribers` of the data source. */
export class TokenSubscriber {
  async afterTransactionStart({ queryRunner }) {
    const token = current.getStore();
    if (token !== undefined) await queryRunner.query("SELECT watertight.begin($1)", [token]);
  }
}
EventSubscriber()(TokenSubscriber);

/** Is sent as the text it is. TypeORM's log and errors show parameters by toString() and toJSON(). */
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
