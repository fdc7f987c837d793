import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { Row } from './wire.ts';

/** How a {@link Database} is opened. */
export interface DatabaseSettings {
  /** How long a statement waits for another connection, in milliseconds. */
  readonly timeoutMs: number;
  readonly readOnly?: boolean;
}

/** A connection that prepares each statement once, keyed by its text. */
export class Database {
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string, settings: DatabaseSettings) {
    this.#connection = new DatabaseSync(path, { timeout: settings.timeoutMs, readOnly: settings.readOnly ?? false });
  }

  /** Runs statements that return nothing and are not worth keeping. */
  exec(sql: string): void {
    this.#connection.exec(sql);
  }

  /** Runs a statement; returns how many rows it changed. */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return Number(this.#prepare(sql).run(...values).changes);
  }

  /** The first row of a statement's answer. */
  get(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values);
  }

  /** All rows of a statement's answer. */
  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return this.#prepare(sql).all(...values);
  }

  /** Takes back the transaction that is under way. SQLite ends one by itself after some errors: then there is nothing to do. */
  rollback(): void {
    if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK');
  }

  close(): void {
    this.#statements.clear();
    this.#connection.close();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#connection.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
