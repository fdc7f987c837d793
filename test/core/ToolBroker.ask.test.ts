import { describe, expect, it, vi } from 'vitest';
import type { AskedCall } from '../../src/lib/task-system/core/ToolBroker.ts';
import { TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import { rejectionOf } from '../support/thrown.ts';
import { settle, toolPair } from './toolPair.ts';

const permit = (approvalId = 'task-1.1', done = (): void => undefined) => ({ approvalId, done });

describe('ToolBroker: what the policy asks for', () => {
  it('is shown without secrets, and compared as it is', async () => {
    const asked: AskedCall[] = [];
    const { ask } = toolPair({ policy: { ask: ['own'], approvalTimeoutMs: 77 }, secrets: ['hunter22'], approve: (_caller, call) => { asked.push(call); return Promise.resolve(permit()); } });
    await ask('toolStart', { tool: 'own', input: { note: 'hunter22', token: 'x' } });
    expect(asked).toEqual([{
      tool: 'own', input: { note: 'hunter22', token: 'x' }, shown: { note: '[redacted]', token: '[redacted]' }, timeoutMs: 77,
      decision: { decision: 'ask', rule: 'policy.ask[0]', reason: 'asked for by the rule own', scope: 'policy: own', limits: {} },
    }]);
  });

  it('begins only when it was allowed, and names the approval', async () => {
    const answer = Promise.withResolvers<ReturnType<typeof permit>>();
    const { ask, events } = toolPair({ policy: { ask: ['own'] }, approve: () => answer.promise });
    const asked = ask('toolStart', { tool: 'own' });
    await settle();
    expect(events).toEqual([]);
    answer.resolve(permit());
    expect(await asked).toEqual({ callId: '1-1' });
    await settle();
    expect(events[0]).toEqual({ type: 'task:tool:start', data: { callId: '1-1', tool: 'own', input: {}, approvalId: 'task-1.1' } });
  });

  it.each(['APPROVAL_DENIED', 'APPROVAL_EXPIRED', 'APPROVAL_CLOSED'] as const)('is told as denied after %s, and is not run', async (code) => {
    const execute = vi.fn(() => null);
    const { ask, events } = toolPair({ policy: { ask: ['pay'] }, host: { pay: { execute } }, approve: () => Promise.reject(new TaskSystemError(code, 'no')) });
    expect((await rejectionOf(ask('toolRun', { tool: 'pay' }))).code).toBe(code);
    await settle();
    expect(events.at(-1)?.data).toMatchObject({ outcome: 'denied', rule: 'policy.ask[0]' });
    expect(execute).not.toHaveBeenCalled();
  });

  it('runs no more than 16 at once that were allowed together, and gives the answer of the others back', async () => {
    const [allowed, gate, done, execute] = [Promise.withResolvers<ReturnType<typeof permit>>(), Promise.withResolvers<null>(), vi.fn(), vi.fn()];
    const { ask } = toolPair({ policy: { ask: ['pay'] }, host: { pay: { execute: () => { execute(); return gate.promise; } } }, approve: () => allowed.promise });
    const calls = Array.from({ length: 17 }, () => ask('toolRun', { tool: 'pay' }));
    await settle();
    allowed.resolve(permit('task-1.1', done));
    expect((await rejectionOf(Promise.race(calls))).code).toBe('TOOL_BUSY');
    expect([execute.mock.calls.length, done.mock.calls.length]).toEqual([16, 1]);
    gate.resolve(null);
    expect((await Promise.allSettled(calls)).filter(({ status }) => status === 'rejected')).toMatchObject([{ reason: { code: 'TOOL_BUSY' } }]);
    expect(done).toHaveBeenCalledTimes(17);
  });

  it('is told as failed when it could not be asked for', async () => {
    const { ask, events } = toolPair({ policy: { ask: ['own'] }, approve: () => Promise.reject(new TaskSystemError('WAITING_FULL', 'full')) });
    expect((await rejectionOf(ask('toolStart', { tool: 'own' }))).code).toBe('WAITING_FULL');
    await settle();
    expect(events.at(-1)?.data).toMatchObject({ outcome: 'error' });
    expect(events.at(-1)?.data).not.toHaveProperty('rule');
  });

  it('is not run when the attempt ended meanwhile, and its answer is given back', async () => {
    const execute = vi.fn(() => null);
    const done = vi.fn();
    const answer = Promise.withResolvers<ReturnType<typeof permit>>();
    const { ask, stop } = toolPair({ policy: { ask: ['pay'] }, host: { pay: { execute } }, approve: () => answer.promise });
    const running = rejectionOf(ask('toolRun', { tool: 'pay' }));
    await settle();
    stop.abort();
    answer.resolve(permit('task-1.1', done));
    expect((await running).code).toBe('TOOL_ABORTED');
    expect([execute.mock.calls.length, done.mock.calls.length]).toEqual([0, 1]);
  });

  it('is over for the slot when the call has ended, wherever it ran and however', async () => {
    const done = vi.fn();
    const host = { good: { execute: () => 1 }, bad: { execute: () => { throw new Error('no'); } } };
    const { ask } = toolPair({ policy: { ask: ['*'] }, host, approve: () => Promise.resolve(permit('task-1.1', done)) });
    await ask('toolRun', { tool: 'good' });
    await rejectionOf(ask('toolRun', { tool: 'bad' }));
    expect(done).toHaveBeenCalledTimes(2);
    await ask('toolStart', { tool: 'own' });
    expect(done).toHaveBeenCalledTimes(2);
    await ask('toolEnd', { callId: '1-3', outcome: 'ok' });
    expect(done).toHaveBeenCalledTimes(3);
  });

  it('is over for the slot when the attempt ends before the call', async () => {
    const done = vi.fn();
    const { ask, stop } = toolPair({ policy: { ask: ['*'] }, approve: () => Promise.resolve(permit('task-1.1', done)) });
    await ask('toolStart', { tool: 'own' });
    stop.abort();
    expect(done).toHaveBeenCalledTimes(1);
  });

  it('counts before anybody is asked, so that nobody is asked in vain', async () => {
    const approve = vi.fn(() => Promise.resolve(permit()));
    const { ask } = toolPair({ policy: { ask: ['own'], limits: { own: { maxCalls: 1 } } }, approve });
    await ask('toolStart', { tool: 'own' });
    expect((await rejectionOf(ask('toolStart', { tool: 'own' }))).code).toBe('TOOL_DENIED');
    expect(approve).toHaveBeenCalledTimes(1);
  });

  it('is checked against its schema first', async () => {
    const approve = vi.fn(() => Promise.resolve(permit()));
    const { ask } = toolPair({ policy: { ask: ['pay'] }, host: { pay: { inputSchema: { type: 'object', properties: { amount: { type: 'number' } }, required: ['amount'] }, execute: () => null } }, approve });
    expect((await rejectionOf(ask('toolRun', { tool: 'pay', input: {} }))).code).toBe('TOOL_INPUT_INVALID');
    expect(approve).not.toHaveBeenCalled();
  });

  it('is listed like what is allowed', async () => {
    const { ask } = toolPair({ policy: { ask: ['own', 'pay'] }, host: { pay: { execute: () => null }, other: { execute: () => null } } });
    expect(await ask('toolList', { names: ['own', 'third'] })).toMatchObject({ allowed: ['own'], host: [{ name: 'pay' }] });
  });
});
