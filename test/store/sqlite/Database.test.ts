import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Database } from '../../../src/lib/task-system/store/sqlite/Database.ts';

const STORE = join(import.meta.dirname, '../../../src/lib/task-system/store');

function open(): Database {
  const database = new Database(':memory:', { timeoutMs: 0 });
  onTestFinished(() => { database.close(); });
  database.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)');
  return database;
}

describe('Database', () => {
  it('is given no numbered placeholder: Node 22 takes them for named ones, and binds nothing to them', () => {
    const sources = readdirSync(STORE, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    expect(sources.length).toBeGreaterThan(10);
    expect(sources.filter((name) => /\?\d/.test(readFileSync(join(STORE, name), 'utf8')))).toEqual([]);
  });

  it('tells how many rows a statement has changed', () => {
    const database = open();
    expect([database.run("INSERT INTO t (b) VALUES ('x'), ('y')"), database.run("UPDATE t SET b = 'z' WHERE a = ?", 1), database.run('DELETE FROM t WHERE a = 9')]).toEqual([2, 1, 0]);
  });

  it('gives the first row, or nothing', () => {
    const database = open();
    database.run("INSERT INTO t (b) VALUES ('x'), ('y')");
    expect([database.get('SELECT b FROM t ORDER BY a'), database.get('SELECT b FROM t WHERE a = ?', 9)]).toEqual([{ b: 'x' }, undefined]);
  });

  it('gives all rows', () => {
    const database = open();
    database.run("INSERT INTO t (b) VALUES ('x'), ('y')");
    expect(database.all('SELECT b FROM t ORDER BY a')).toEqual([{ b: 'x' }, { b: 'y' }]);
  });

  it('may use a statement again with other values', () => {
    const database = open();
    for (const text of ['x', 'y']) database.run('INSERT INTO t (b) VALUES (?)', text);
    expect(database.all('SELECT b FROM t ORDER BY a').map(({ b }) => b)).toEqual(['x', 'y']);
  });

  it('takes a transaction back', () => {
    const database = open();
    database.exec('BEGIN');
    database.run("INSERT INTO t (b) VALUES ('x')");
    database.rollback();
    expect(database.all('SELECT * FROM t')).toEqual([]);
  });

  it('has nothing to take back where no transaction is under way', () => {
    const database = open();
    database.run("INSERT INTO t (b) VALUES ('x')");
    database.rollback();
    expect(database.all('SELECT b FROM t')).toHaveLength(1);
  });

  it('refuses to write where it was opened to read', () => {
    const database = new Database(':memory:', { timeoutMs: 0, readOnly: true });
    onTestFinished(() => { database.close(); });
    expect(() => { database.exec('CREATE TABLE x (a)'); }).toThrow(/readonly/);
  });
});
