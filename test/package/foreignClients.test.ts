import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';
import { controlOf } from '../realtime/controlOf.ts';
import { Feeds, MemoryLog } from '../realtime/serverHelpers.ts';
import { REPOSITORY, temporaryDirectory } from '../support/files.ts';
import { runOrThrow } from '../support/run.ts';

const feeds = new Feeds();
afterEach(() => feeds.close());

const PYTHON = '/usr/bin/python3';
const PYTHON_LIBRARY = '/usr/lib/python3/dist-packages/websockets';
const CHROMIUM = '/usr/bin/chromium';
/** A browser takes its time on a busy machine. */
const PATIENCE_MS = 200_000;
const hasPython = existsSync(PYTHON) && existsSync(PYTHON_LIBRARY);
const hasChromium = existsSync(CHROMIUM);
if (!hasPython) process.stderr.write('SKIPPED: the live feed is not tested with another language; install the Debian package python3-websockets\n');
if (!hasChromium) process.stderr.write('SKIPPED: the client is not tested in a browser; install the Debian package chromium\n');

/** A feed with two events, on which everybody called `ada` may do everything but cancel. A submission starts a task. */
async function openFeed(page = '') {
  const log = new MemoryLog();
  log.append();
  log.append();
  const server = createServer((request, response) => {
    const isScript = request.url === '/client.js';
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' }).end(isScript ? readFileSync(path.join(REPOSITORY, 'dist/client.js')) : page);
  });
  const inputs: unknown[] = [];
  const control = controlOf({
    submit: ({ input }) => {
      inputs.push(input);
      setImmediate(() => { log.append('new-task'); });
      return Promise.resolve({ id: 'new-task' });
    },
  });
  const feed = await feeds.open({
    authenticate: (_, { token }) => token === 'ada' && { identity: token },
    authorize: (_, action) => action !== 'cancel',
  }, { log, server, deps: { control } });
  return { ...feed, inputs };
}

describe.skipIf(!hasPython)('the live feed and the WebSocket library of Python', () => {
  it('hold a whole conversation', async () => {
    const { url, inputs, log } = await openFeed();
    const printed = await runOrThrow(PYTHON, [path.join(import.meta.dirname, 'programs/conversation.py'), url], { cwd: REPOSITORY });
    const frames = printed.trim().split('\n').map((line): unknown => JSON.parse(line));
    expect(frames).toEqual([
      { type: 'subprotocol', name: 'task-system.v1' },
      expect.objectContaining({ type: 'welcome', protocol: 'task-system.v1', offset: 2 }),
      { type: 'snap', id: 'a', tasks: [], offset: 0 },
      { type: 'ev', sub: 'a', events: log.stored.slice(0, 2) },
      { type: 'subok', id: 'a', epoch: 'epoch-1', offset: 2, recovered: true },
      { type: 'done', ref: 'b', command: 'submit', value: { taskId: 'new-task' } },
      { type: 'ev', events: [log.stored[2]] },
      { type: 'done', ref: 'c', command: 'get', value: { task: null } },
      expect.objectContaining({ type: 'err', code: 'forbidden', ref: 'd' }),
      { type: 'pong', t: 7, offset: 3 },
      { type: 'closed', code: 1009 },
    ]);
    expect(inputs).toEqual(['héllo ✓']);
  });
});

const PAGE = `<!doctype html><title>feed</title><script type="module">
  import { connect } from './client.js';
  const client = connect('ws://' + location.host + '/tasks', { token: 'ada' });
  const seen = [];
  const states = [];
  client.on('state', (state) => states.push(state));
  const subscription = client.subscribe('tasks', { since: { epoch: '', offset: 0 } });
  subscription.on('*', ({ offset, taskId }) => { seen.push(offset + ' ' + taskId); });
  window.feed = { client, seen, states };
  await subscription.ready;
  const task = await client.submit({ type: 'research' });
  window.feed.cancel = await task.cancel().catch((error) => error.code);
  window.outcome = { task: task.id, result: await task.result() };
</script>`;

describe.skipIf(!hasChromium)('task-system/client in a browser', () => {
  it('subscribes, commands, waits for a result, and misses nothing when the connection is cut', async () => {
    const { server, origin, log } = await openFeed(PAGE);
    const sockets: Socket[] = [];
    server.on('connection', (socket: Socket) => { sockets.push(socket); });
    const context = await chromium.launchPersistentContext(temporaryDirectory(), {
      executablePath: CHROMIUM,
      timeout: PATIENCE_MS,
      headless: true,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    });
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE_MS);
      await page.goto(origin);
      await page.waitForFunction('window.feed?.seen.length === 3 && window.feed.cancel !== undefined');
      for (const socket of sockets) socket.destroy();
      log.complete('new-task');
      // Two subscriptions, of which each takes up where it was cut.
      await page.waitForFunction('window.outcome !== undefined && window.feed.seen.length >= 4');
      expect(await page.evaluate('window.outcome')).toEqual({ task: 'new-task', result: null });
      expect(await page.evaluate('window.feed.cancel')).toBe('FEED_FORBIDDEN');
      expect(await page.evaluate('window.feed.states.includes("connecting")')).toBe(true);
      expect(await page.evaluate('window.feed.seen')).toEqual(['1 task-1', '2 task-1', '3 new-task', '4 new-task']);
    } finally {
      await context.close();
    }
  });
});
