import { afterEach, describe, expect, it } from 'vitest';
import type { Authorize, FeedAction, FeedSubject } from '../../src/lib/task-system/realtime/WebSocketServer.ts';
import type { ClientFrame, WireTopic } from '../../src/lib/task-system/types/Wire.ts';
import { projectsControl } from './controlOf.ts';
import { settle, until } from './helpers.ts';
import { Feeds, MemoryLog, type RawClient } from './serverHelpers.ts';

const feeds = new Feeds();
afterEach(() => feeds.close());

interface User { readonly name: string; readonly projects: readonly string[]; readonly actions: readonly FeedAction[] }

const WATCH: readonly FeedAction[] = ['subscribe', 'replay', 'get', 'list', 'approvals'];
const ALL: readonly FeedAction[] = [...WATCH, 'submit', 'cancel', 'retry', 'approve', 'deny'];
const USERS: Readonly<Record<string, User>> = {
  owner: { name: 'owner', projects: ['acme'], actions: ALL },
  reader: { name: 'reader', projects: ['acme'], actions: WATCH },
  listener: { name: 'listener', projects: ['acme'], actions: ['subscribe'] },
  stranger: { name: 'stranger', projects: ['bolt'], actions: ALL },
  operator: { name: 'operator', projects: ['*'], actions: ALL },
};

const authorize: Authorize<User> = ({ projects, actions }, action, _topic, { project }) => (
  actions.includes(action) && (projects.includes('*') || (project !== undefined && projects.includes(project)))
);

function authenticate(_: unknown, { token = '' }: { readonly token?: string }) {
  const user = USERS[token];
  return user !== undefined && { identity: user };
}

const since = { epoch: 'epoch-1', offset: 0 };
const FRAMES = {
  'watch project:acme': { type: 'sub', id: 'x', topics: ['project:acme'] },
  'watch task:a-1': { type: 'sub', id: 'x', topics: ['task:a-1'] },
  'watch tree:a-1': { type: 'sub', id: 'x', topics: ['tree:a-1'] },
  'watch tasks': { type: 'sub', id: 'x', topics: ['tasks'] },
  'watch project:acme and task:b-1': { type: 'sub', id: 'x', topics: ['project:acme', 'task:b-1'] },
  'watch a task that is not there': { type: 'sub', id: 'x', topics: ['task:none'] },
  'replay project:acme': { type: 'sub', id: 'x', topics: ['project:acme'], since },
  'get a-1': { type: 'get', id: 'x', taskId: 'a-1' },
  'list acme': { type: 'list', id: 'x', options: { project: 'acme' } },
  'list everything': { type: 'list', id: 'x' },
  'list children of a-1': { type: 'list', id: 'x', options: { parentId: 'a-1' } },
  'submit to acme': { type: 'submit', id: 'x', options: { type: 'research', project: 'acme' } },
  'submit to acme under b-1': { type: 'submit', id: 'x', options: { type: 'research', project: 'acme', parentId: 'b-1' } },
  'cancel a-1': { type: 'cancel', id: 'x', taskId: 'a-1' },
  'retry a-1': { type: 'retry', id: 'x', taskId: 'a-1' },
  'approve a-1.1': { type: 'approve', id: 'x', approvalId: 'a-1.1' },
  'approve something of bolt': { type: 'approve', id: 'x', approvalId: 'b-1.1' },
  'approve something that is not there': { type: 'approve', id: 'x', approvalId: 'none.1' },
  'deny a-1.1': { type: 'deny', id: 'x', approvalId: 'a-1.1', reason: 'no' },
  'see what acme asks for': { type: 'approvals', id: 'x', options: { project: 'acme' } },
  'see what a-1 asks for': { type: 'approvals', id: 'x', options: { taskId: 'a-1' } },
  'see everything that is asked for': { type: 'approvals', id: 'x' },
} as const satisfies Record<string, ClientFrame>;

// Who may what: owner, reader, listener, stranger, operator.
const TABLE = [
  ['watch project:acme', 'yes yes yes no yes'],
  ['watch task:a-1', 'yes yes yes no yes'],
  ['watch tree:a-1', 'yes yes yes no yes'],
  ['watch tasks', 'no no no no yes'],
  ['watch project:acme and task:b-1', 'no no no no yes'],
  ['watch a task that is not there', 'no no no no yes'],
  ['replay project:acme', 'yes yes no no yes'],
  ['get a-1', 'yes yes no no yes'],
  ['list acme', 'yes yes no no yes'],
  ['list everything', 'no no no no yes'],
  ['list children of a-1', 'yes yes no no yes'],
  ['submit to acme', 'yes no no no yes'],
  ['submit to acme under b-1', 'no no no no yes'],
  ['cancel a-1', 'yes no no no yes'],
  ['retry a-1', 'yes no no no yes'],
  ['approve a-1.1', 'yes no no no yes'],
  ['approve something of bolt', 'no no no yes yes'],
  ['approve something that is not there', 'no no no no yes'],
  ['deny a-1.1', 'yes no no no yes'],
  ['see what acme asks for', 'yes yes no no yes'],
  ['see what a-1 asks for', 'yes yes no no yes'],
  ['see everything that is asked for', 'no no no no yes'],
] as const satisfies readonly (readonly [keyof typeof FRAMES, string])[];

const CELLS = TABLE.flatMap(([what, verdicts]) => verdicts.split(' ').map((verdict, column) => [Object.keys(USERS)[column] ?? '', verdict, what] as const));

/** The answer to a frame: what came of it. */
async function answerTo(peer: RawClient, frame: ClientFrame): Promise<string> {
  peer.send(frame);
  for (;;) {
    const answer = await peer.next();
    if (answer.type === 'err') return answer.code;
    if (answer.type === 'done' || answer.type === 'subok') return answer.type;
  }
}

describe('live feed: who may what', () => {
  it.each(CELLS)('%s: %s, may %s', async (name, verdict, what) => {
    const calls: string[] = [];
    const { client } = await feeds.open({ authenticate, authorize }, { deps: { control: projectsControl(calls) } });
    const peer = await client({ headers: { Authorization: `Bearer ${name}` } }).hello();
    const answer = await answerTo(peer, FRAMES[what]);
    expect(answer === 'forbidden' ? 'no' : 'yes').toBe(verdict);
    if (verdict === 'no') expect(calls).toEqual([]);
    await peer.sync();
  });

  it('sends nothing of a topic that was refused', async () => {
    const { client, log } = await feeds.open({ authenticate, authorize }, { deps: { control: projectsControl() } });
    const peer = await client({ headers: { Authorization: 'Bearer stranger' } }).hello();
    expect(await answerTo(peer, { type: 'sub', id: 'x', topics: ['project:acme'], since, snapshot: true })).toBe('forbidden');
    log.append('a-1');
    await settle();
    await peer.sync();
    expect(peer.frames.map(({ type }) => type)).toEqual(['welcome', 'err', 'pong']);
  });

  it('asks again when a client resumes', async () => {
    let isAllowed = true;
    const { client } = await feeds.open({ authorize: () => isAllowed });
    const first = await client().hello();
    expect(await answerTo(first, { type: 'sub', id: 'x', topics: ['tasks'] })).toBe('subok');
    isAllowed = false;
    const second = await client().hello();
    expect(await answerTo(second, { type: 'sub', id: 'x', topics: ['tasks'], since })).toBe('forbidden');
  });

  it('tells authorize identity, action, topic, project and type', async () => {
    const asked: (readonly [string, FeedAction, WireTopic, FeedSubject])[] = [];
    const { client } = await feeds.open({
      authenticate: () => ({ identity: 'ada' }),
      authorize: (identity, action, topic, subject) => asked.push([identity, action, topic, subject]) > 0,
    }, { deps: { control: projectsControl() } });
    const peer = await client().hello();
    await answerTo(peer, FRAMES['cancel a-1']);
    await answerTo(peer, FRAMES['submit to acme']);
    await answerTo(peer, FRAMES['watch tasks']);
    expect(asked).toEqual([
      ['ada', 'cancel', 'task:a-1', { project: 'acme', taskType: 'research' }],
      ['ada', 'submit', 'project:acme', { project: 'acme', taskType: 'research' }],
      ['ada', 'subscribe', 'tasks', {}],
    ]);
  });

  it.each([['throws', () => { throw new Error('no database'); }], ['rejects', () => Promise.reject(new Error('no database'))]])('takes it for a no when authorize %s', async (_, failing) => {
    const { client, logger } = await feeds.open({ authorize: failing });
    expect(await answerTo(await client().hello(), FRAMES['watch tasks'])).toBe('forbidden');
    expect(logger.messages('error')).toHaveLength(1);
  });

  it('takes it for a no when authorize says nothing for 10 seconds', async () => {
    let asked = false;
    const { client, clock } = await feeds.open({ authorize: () => { asked = true; return new Promise<boolean>(() => {}); } });
    const peer = await client().hello();
    const answer = answerTo(peer, FRAMES['watch tasks']);
    await until(() => asked);
    clock.advance(10_000);
    expect(await answer).toBe('forbidden');
  });

  it('without authorize lets everybody watch and nobody command', async () => {
    const { client } = await feeds.open({}, { deps: { control: projectsControl() } });
    const peer = await client().hello();
    expect(await answerTo(peer, FRAMES['replay project:acme'])).toBe('subok');
    for (const what of ['get a-1', 'list acme', 'submit to acme', 'cancel a-1', 'retry a-1'] as const) expect(await answerTo(peer, FRAMES[what])).toBe('forbidden');
  });

  it('forgets a subscription that is ended while authorize is asked', async () => {
    const gate = Promise.withResolvers<boolean>();
    const { client, log } = await feeds.open({ authorize: () => gate.promise });
    const peer = await client().hello();
    peer.send({ type: 'sub', id: 'x', topics: ['tasks'] });
    peer.send({ type: 'unsub', id: 'x' });
    await peer.sync();
    gate.resolve(true);
    await settle();
    log.append();
    await peer.sync();
    expect(peer.frames.map(({ type }) => type)).toEqual(['welcome', 'pong', 'pong']);
    expect(log.events.listenerCount('*')).toBe(0);
  });
});

describe('live feed: admission by authenticate', () => {
  it.each([[403, 403], [401, 401], [false, 401]] as const)('answers %s with HTTP status %i', async (answer, status) => {
    const { client } = await feeds.open({ authenticate: () => answer });
    await expect(client().opened).rejects.toThrow(String(status));
  });

  it('lets a client through that shows its token in hello, and no other', async () => {
    const { client } = await feeds.open({ authenticate: (_, { token }) => (token === undefined ? 'hello' : token === 'good' && { identity: token }) });
    const good = client();
    await good.opened;
    good.send({ type: 'hello', token: 'good' });
    await good.nextOf('welcome');
    for (const frame of [{ type: 'hello' }, { type: 'hello', token: 'bad' }] as const) {
      const bad = client();
      await bad.opened;
      bad.send(frame);
      expect(await bad.next()).toMatchObject({ type: 'err', code: 'unauthorized' });
      expect((await bad.closed).code).toBe(4401);
    }
  });

  it('refuses a second hello: it would change who the client is', async () => {
    const { client } = await feeds.open({ authenticate: (_, { token = 'first' }) => ({ identity: token }) });
    const peer = await client().hello();
    peer.send({ type: 'hello', token: 'second' });
    expect((await peer.closed).code).toBe(4400);
  });

  it('closes with 4419 when the admission runs out', async () => {
    const { client, clock, log } = await feeds.open({ authenticate: () => ({ identity: 'ada', expiresAt: 1_060_000 }), heartbeatMs: 100_000 });
    const peer = await client().hello();
    await peer.subscribe('x', ['tasks']);
    clock.advance(59_999);
    log.append();
    await peer.nextOf('ev');
    clock.advance(1);
    expect(await peer.next()).toEqual({ type: 'bye', code: 4419, retryAfterMs: 0 });
    expect((await peer.closed).code).toBe(4419);
  });

  it('closes with 4419 at once when it has run out already', async () => {
    const { client } = await feeds.open({ authenticate: () => ({ identity: 'ada', expiresAt: 1 }) });
    const peer = client();
    await peer.opened;
    peer.send({ type: 'hello' });
    expect((await peer.closed).code).toBe(4419);
    expect(peer.frames.map(({ type }) => type)).toEqual(['bye']);
  });

  it('leaves no timer of an admission behind', async () => {
    const { client, clock, attachment } = await feeds.open({ authenticate: () => ({ identity: 'ada', expiresAt: 9e12 }) });
    const peer = await client().hello();
    peer.socket.close();
    await until(() => attachment.clients === 0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('answers 503 when there are as many clients as it takes', async () => {
    const { client, attachment } = await feeds.open({ maxClients: 1 }, { log: new MemoryLog() });
    const first = await client().hello();
    await expect(client().opened).rejects.toThrow('503');
    first.socket.close();
    // The server may see the end of a connection later than the client does.
    await until(() => attachment.clients === 0);
    await client().hello();
  });
});
