import { afterEach, describe, expect, it } from 'vitest';
import { nameOf, type Admitted } from '../../src/lib/task-system/realtime/server/Admission.ts';
import { TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import { clientFrameSchema, serverFrameSchema } from '../../src/lib/task-system/types/WireSchema.ts';
import { approvalOf, controlOf, projectsControl } from './controlOf.ts';
import { Feeds } from './serverHelpers.ts';

const feeds = new Feeds();
afterEach(() => feeds.close());

describe('live feed: answers to approvals', () => {
  it.each<[string, Admitted, string]>([
    ['its identity', { identity: 'ada' }, 'ada'], ['the name that was given', { identity: { id: 7 }, name: 'Ada L.' }, 'Ada L.'], ['nobody in particular', { identity: { id: 7 } }, 'a client of the live feed'],
  ])('are in the name of %s, whatever the client says', async (_name, admitted, by) => {
    const calls: string[] = [];
    const { client } = await feeds.open({ authenticate: () => admitted, authorize: () => true }, { deps: { control: projectsControl(calls) } });
    const peer = await client().hello();
    peer.send({ type: 'approve', id: 'x', approvalId: 'a-1.1' });
    peer.send({ type: 'deny', id: 'y', approvalId: 'a-1.2' });
    await peer.sync();
    expect(calls).toEqual([`approve a-1.1 by ${by}`, `deny a-1.2 by ${by}`]);
    expect(peer.frames).toEqual(expect.arrayContaining([
      { type: 'done', ref: 'x', command: 'approve', value: { state: 'allowed' } }, { type: 'done', ref: 'y', command: 'deny', value: { state: 'denied' } },
    ]));
  });

  it('pass on reason and scope', async () => {
    const seen: unknown[] = [];
    const control = controlOf({ approve: (id, options) => { seen.push([id, options]); return Promise.resolve(approvalOf(id)); } });
    const { client } = await feeds.open({ authorize: () => true }, { deps: { control } });
    const peer = await client().hello();
    peer.send({ type: 'approve', id: 'x', approvalId: 'a-1.1', reason: 'fine', remember: 'task' });
    await peer.sync();
    expect(seen).toEqual([['a-1.1', { by: 'a client of the live feed', reason: 'fine', remember: 'task' }]]);
  });

  it('say with a code what is wrong', async () => {
    const control = controlOf({ deny: () => Promise.reject(new TaskSystemError('APPROVAL_CLOSED', 'allowed already', { approvalId: 'a-1.1', state: 'allowed' })) });
    const { client } = await feeds.open({ authorize: () => true }, { deps: { control } });
    const peer = await client().hello();
    peer.send({ type: 'deny', id: 'x', approvalId: 'a-1.1' });
    await peer.sync();
    expect(peer.frames).toContainEqual(expect.objectContaining({ type: 'err', ref: 'x', code: 'command', error: expect.objectContaining({ code: 'APPROVAL_CLOSED', details: { approvalId: 'a-1.1', state: 'allowed' } }) }));
  });

  it('list what waits', async () => {
    const { client } = await feeds.open({ authorize: () => true }, { deps: { control: projectsControl() } });
    const peer = await client().hello();
    peer.send({ type: 'approvals', id: 'x', options: { project: 'acme' } });
    await peer.sync();
    expect(peer.frames).toContainEqual({ type: 'done', ref: 'x', command: 'approvals', value: { approvals: [approvalOf('a-1.1')] } });
  });

  it.each(['approve', 'deny', 'approvals'] as const)('are not allowed without authorize: %s', async (type) => {
    const calls: string[] = [];
    const { client } = await feeds.open({}, { deps: { control: projectsControl(calls) } });
    const peer = await client().hello();
    peer.send(type === 'approvals' ? { type, id: 'x' } : { type, id: 'x', approvalId: 'a-1.1' });
    await peer.sync();
    expect(peer.frames).toContainEqual(expect.objectContaining({ type: 'err', code: 'forbidden', ref: 'x' }));
    expect(calls).toEqual([]);
  });
});

describe('clientFrameSchema: approvals', () => {
  const isFrame = (frame: unknown): boolean => clientFrameSchema.safeParse(frame).success;

  it.each([{}, { reason: 'because' }, { remember: 'once' }, { remember: 'task', reason: 'x' }])('takes an answer with %j', (rest) => {
    expect([isFrame({ type: 'approve', id: 'x', approvalId: 'a.1', ...rest }), isFrame({ type: 'deny', id: 'x', approvalId: 'a.1', ...rest })]).toEqual([true, true]);
  });

  // The id of a task alone could mean another request by the time a frame is sent once more.
  it.each([{ approvalId: 'task' }, { approvalId: '' }, { approvalId: '.1' }, { approvalId: 'a.' }, { by: 'me' }, { reason: '' }, { reason: 'x'.repeat(1_025) }, { remember: 'always' }, { more: 1 }])('takes no answer with %j', (rest) => {
    expect(isFrame({ type: 'approve', id: 'x', approvalId: 'a.1', ...rest })).toBe(false);
  });
});

describe('serverFrameSchema: approvals', () => {
  it('takes the answers of the commands, and no others', () => {
    const done = (command: string, value: unknown): boolean => serverFrameSchema.safeParse({ type: 'done', ref: 'x', command, value }).success;
    expect([done('approve', { state: 'allowed' }), done('deny', { state: 'denied' }), done('approvals', { approvals: [approvalOf('a.1')] })]).toEqual([true, true, true]);
    expect([done('approve', { state: 'denied' }), done('deny', {}), done('approvals', { approvals: [{ id: 1 }] })]).toEqual([false, false, false]);
  });
});

describe('nameOf', () => {
  it.each([
    [undefined, 'a client of the live feed'], [{ identity: undefined }, 'a client of the live feed'], [{ identity: '' }, 'a client of the live feed'], [{ identity: 'ada', name: 'Ada' }, 'Ada'],
    [{ identity: 'a\0b' }, 'ab'], [{ identity: 'x'.repeat(300) }, 'x'.repeat(256)],
  ])('of %j', (admitted, name) => {
    expect(nameOf(admitted)).toBe(name);
  });
});
