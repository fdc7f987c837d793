import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listen, RawClient, textOf } from '../realtime/serverHelpers.ts';
import { writeFiles } from '../support/files.ts';
import { nextEvent, openSystem, recordEvents, temporaryDirectory, testOptions } from './support.ts';

const SECRET = 'p"ss-wörd-4711';
const FORMS = [SECRET, JSON.stringify(SECRET).slice(1, -1), encodeURIComponent(SECRET), Buffer.from(SECRET).toString('base64')];

/** Everything that others can see of two tasks that tell a secret, one of which fails, by where it can be seen. */
async function tell(secrets: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const project = temporaryDirectory();
  writeFiles(project, { 'MEMORY.md': 'Notes.\n' });
  const options = testOptions({ 'tells-secrets.mjs': { env: { KEY: SECRET }, sandbox: { level: 'process' } } }, { secrets, projects: { acme: { dir: project } } });
  const system = await openSystem(options);
  const events = recordEvents(system);
  const { server, url } = await listen();
  onTestFinished(() => { server.close(); });
  system.attachWebSocket(server, { path: '/tasks' });
  const client = new RawClient(`${url}/tasks`);
  let wire = '';
  client.socket.on('message', (data) => { wire += textOf(data); });
  await client.hello();
  await client.subscribe('all', ['tasks']);
  const handles = [];
  for (const fails of [false, true]) {
    const handle = await system.submit({ type: 'tells-secrets', project: 'acme', input: { fails } });
    const ended = nextEvent(system, fails ? 'task:error' : 'task:complete', ({ taskId }) => taskId === handle.id);
    await handle.result().catch(() => undefined);
    await ended;
    handles.push(handle);
  }
  await client.sync();
  const errors = await Promise.all(handles.map((handle) => handle.result().then((result) => JSON.stringify(result), (error: unknown) => JSON.stringify(error))));
  const tasks = JSON.stringify(await Promise.all(handles.map(({ id }) => system.get(id))));
  await system.close();
  return {
    events: JSON.stringify(events), feed: wire, tasks, results: errors.join('\n'), memory: readFileSync(join(project, 'MEMORY.md'), 'utf8'),
    'files of the system': filesIn(options.root), log: events.filter(({ type }) => type === 'task:log').map(({ data }) => JSON.stringify(data)).join(''),
  };
}

describe('registered secrets', () => {
  it('are seen nowhere, whatever a task does with them', async () => {
    const seen = await tell([SECRET]);
    for (const [where, text] of Object.entries(seen)) for (const form of FORMS) expect({ where, hasSecret: text.includes(form) }).toEqual({ where, hasSecret: false });
    expect(seen['log']).toContain('the key is [redacted]');
    expect(seen['results']).toContain('cannot log in with [redacted]');
    expect(seen['memory']).toContain('never forget [redacted]');
  });

  it('are there for everybody where they are not registered', async () => {
    const seen = await tell([]);
    const where = Object.entries(seen).filter(([, text]) => FORMS.some((form) => text.includes(form))).map(([name]) => name);
    expect(where).toEqual(['events', 'feed', 'tasks', 'results', 'memory', 'files of the system', 'log']);
  });
});

function filesIn(directory: string): string {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8')).join('\n');
}
