import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { processesIn } from '../core/support.ts';
import { poll } from './poll.ts';
import { KEY, openWithModel } from './support.ts';

/** Looks for a text in all memory of a process that can be read. In a program of its own: what looks must not find itself. */
const SEARCH = `
  const fs = require('node:fs');
  const [, pid, ...needles] = process.argv;
  const memory = fs.openSync('/proc/' + pid + '/mem', 'r');
  const found = new Set();
  let bytes = 0;
  for (const line of fs.readFileSync('/proc/' + pid + '/maps', 'utf8').trim().split('\\n')) {
    const [range, rights, , , , name = ''] = line.split(/\\s+/);
    if (!rights.startsWith('r') || name === '[vvar]' || name === '[vsyscall]') continue;
    const [start, end] = range.split('-').map((text) => BigInt('0x' + text));
    for (let at = start; at < end; at += 4194304n) {
      const chunk = Buffer.alloc(Number(end - at < 4194304n + 4096n ? end - at : 4194304n + 4096n));
      let read;
      try { read = fs.readSync(memory, chunk, 0, chunk.length, at); } catch { continue; }
      bytes += read;
      for (const needle of needles) for (const encoding of ['latin1', 'utf16le']) if (chunk.subarray(0, read).includes(Buffer.from(needle, encoding))) found.add(needle);
    }
  }
  process.stdout.write(JSON.stringify({ bytes, found: [...found] }));
`;

interface Search { readonly bytes: number; readonly found: readonly string[] }

function searchMemory(pid: number, ...needles: readonly string[]): Search {
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', SEARCH, String(pid), ...needles], { encoding: 'utf8', maxBuffer: 1024 * 1024 });
  const value: unknown = JSON.parse(stdout === '' ? JSON.stringify({ stderr }) : stdout);
  if (isSearch(value)) return value;
  throw new Error(`the memory of ${String(pid)} could not be read: ${stderr}`);
}

function isSearch(value: unknown): value is Search {
  return typeof value === 'object' && value !== null && 'bytes' in value && 'found' in value;
}

/** Others may not look into every process of theirs: that depends on the system. */
const mayLook = process.getuid?.() === 0;

describe('a task that calls a model', () => {
  it.skipIf(!mayLook)('has no key in its memory or environment, and nor has any spare, while the call is under way', async () => {
    const gate = Promise.withResolvers<undefined>();
    process.env['TEST_HOST_SECRET'] = 'host-secret-7d1e90';
    const { system, server, root } = await openWithModel([{ text: 'first answer' }, { text: 'late', until: gate.promise }], {}, {}, { sandbox: {} });
    const handle = await system.submit({ type: 'asks', input: { prompt: 'marker-in-the-task', times: 2 } });
    await poll(() => server.requests.length).toBe(2);
    const pids = processesIn(root);
    const searches = pids.map((pid) => searchMemory(pid, KEY, 'host-secret-7d1e90', 'marker-in-the-task'));
    const environments = pids.map((pid) => readFileSync(`/proc/${String(pid)}/environ`, 'utf8'));
    gate.resolve(undefined);
    await handle.result();
    delete process.env['TEST_HOST_SECRET'];
    // That the search finds what is there is shown by what the task itself was given.
    expect(new Set(searches.flatMap(({ found }) => found))).toEqual(new Set(['marker-in-the-task']));
    expect(Math.max(...searches.map(({ bytes }) => bytes))).toBeGreaterThan(10_000_000);
    expect(environments.join('\n')).not.toMatch(/sk-secret|host-secret/);
  });

  it('is not told the key by a provider that says it', async () => {
    const { system } = await openWithModel(() => ({ status: 401, message: `Incorrect API key provided: ${KEY}.` }));
    const answer = await (await system.submit({ type: 'asks', input: { how: 'catch' } })).result();
    expect(answer).toMatchObject({ code: 'MODEL_FAILED', message: expect.stringContaining('Incorrect API key provided: [key]') });
    expect(JSON.stringify(answer)).not.toContain('sk-secret');
  });

  it('leaves no key in the events and in the database', async () => {
    const { system, events } = await openWithModel(() => ({ status: 500, message: `The key ${KEY} is broken`, headers: { 'x-key': KEY } }));
    const handle = await system.submit({ type: 'asks' });
    await handle.result().catch(() => undefined);
    expect(JSON.stringify([events, await system.get(handle.id)])).not.toContain(KEY);
  });

  it('cannot send headers of its own to the provider', async () => {
    const { system, server } = await openWithModel([{ text: 'Yes' }]);
    await (await system.submit({ type: 'asks', input: { headers: { authorization: 'Bearer other' } } })).result();
    expect(server.requests).toHaveLength(1);
  });
});
