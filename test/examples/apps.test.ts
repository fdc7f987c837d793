import { connect, isTerminalEvent, type TaskEvent } from 'task-system/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeFolder } from './fixture.ts';
import { runExample, type RunningExample } from './process.ts';

const bees = { title: 'Bees', text: 'Bees dance. Bees hum, and bees fly.' };

describe.each(['http.ts', 'express.ts'])('examples/%s', { timeout: 600_000 }, (example) => {
  it('takes a report by HTTP, streams its events, and gives the result', async () => {
    const { url } = await startApp(example, await makeFolder());
    const response = await post(url, JSON.stringify(bees));
    const { id } = response.body;
    expect(response.status).toBe(202);
    expect(response.location).toBe(`/tasks/${id}`);

    const types = (await follow(url, id)).map((event) => event.type);
    expect(types.slice(0, 2)).toEqual(['task:create', 'task:start']);
    expect(types.at(-1)).toBe('task:complete');
    expect(types.filter((type) => type === 'task:create')).toHaveLength(1);

    expect(await get(`${url}/tasks/${id}`)).toMatchObject({
      status: 200,
      body: { state: 'completed', project: 'reports', input: bees, result: { title: 'Bees', words: 7, distinct: 5, top: expect.arrayContaining([{ word: 'bees', count: 3 }]) } },
    });
  });

  it('refuses what is not a report, and knows only its own routes', async () => {
    const { url } = await startApp(example, await makeFolder());
    expect(await post(url, JSON.stringify({ title: '', text: 'x' }))).toMatchObject({ status: 400, body: { error: expect.stringContaining('title') } });
    expect(await post(url, 'no json')).toMatchObject({ status: 400, body: { error: expect.stringContaining('JSON') } });
    expect(await post(url, JSON.stringify({ ...bees, text: 'x'.repeat(600_000) }))).toMatchObject({ status: 413 });
    expect(await get(`${url}/tasks/0196f0c8-0000-7000-8000-000000000000`)).toMatchObject({ status: 404, body: { error: expect.stringContaining('no task') } });
    expect((await fetch(`${url}/elsewhere`)).status).toBe(404);
  });

  it('ends well when it is told to, and goes on with accepted tasks when it starts again', async () => {
    const root = await makeFolder();
    const first = await startApp(example, root);
    const { id } = (await post(first.url, JSON.stringify(bees))).body;
    first.app.signal('SIGTERM');
    expect(await first.app.exited).toBe(0);

    const second = await startApp(example, root);
    expect((await follow(second.url, id)).at(-1)?.type).toBe('task:complete');
  });

  it('says so when its port is taken, or its root, and leaves the one that has it alone', async () => {
    const root = await makeFolder();
    const first = await startApp(example, root);
    const { id } = (await post(first.url, JSON.stringify(bees))).body;

    const samePort = runExample(example, [new URL(first.url).port, await makeFolder()], root);
    expect(await samePort.exited, samePort.output()).toBe(1);
    expect(samePort.output()).toMatch(/^cannot start: .*EADDRINUSE.*$/m);
    expect(samePort.output()).not.toContain('    at ');
    const sameRoot = runExample(example, ['0', root], root);
    expect(await sameRoot.exited, sameRoot.output()).toBe(1);
    expect(sameRoot.output()).toMatch(new RegExp(`^cannot start: .*Process ${String(first.app.pid)} .*$`, 'm'));

    expect((await follow(first.url, id)).at(-1)?.type).toBe('task:complete');
    expect(await get(`${first.url}/tasks/${id}`)).toMatchObject({ status: 200, body: { state: 'completed' } });
  });
});

async function startApp(example: string, root: string): Promise<{ app: RunningExample; url: string }> {
  const app = runExample(example, ['0', root], root);
  const [, url = ''] = await app.says(/^listening on (http:\S+)$/m);
  return { app, url };
}

async function post(url: string, body: string): Promise<{ status: number; location: string | null; body: { id: string; error?: string } }> {
  const response = await fetch(`${url}/reports`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  return { status: response.status, location: response.headers.get('location'), body: await response.json() as { id: string } };
}

async function get(address: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(address);
  return { status: response.status, body: await response.json() };
}

/** All events of a task, from its beginning to its end, over the app's WebSocket. */
async function follow(url: string, id: string): Promise<TaskEvent[]> {
  const client = connect(`${url.replace('http:', 'ws:')}/tasks`);
  onTestFinished(() => { client.close(); });
  const events: TaskEvent[] = [];
  for await (const event of client.subscribe(`task:${id}`, { since: { epoch: '', offset: 0 } })) {
    events.push(event);
    if (isTerminalEvent(event)) break;
  }
  return events;
}
