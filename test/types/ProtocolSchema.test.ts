import { describe, expect, it } from 'vitest';
import { serializeError, TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import { PROTOCOL_VERSION } from '../../src/lib/task-system/types/Protocol.ts';
import { childMessageSchema } from '../../src/lib/task-system/types/ProtocolSchema.ts';

describe('childMessageSchema', () => {
  it.each([
    { type: 'ready', version: PROTOCOL_VERSION },
    { type: 'progress', percent: 0 },
    { type: 'progress', percent: 100, message: 'done', data: { files: [1, null] } },
    { type: 'log', level: 'warn', text: '' },
    { type: 'call', id: 0, method: 'spawn', params: { type: 'x' } },
    { type: 'result', json: '{"ok":true}' },
    { type: 'failure', error: { name: 'Error', message: 'm', cause: { name: 'E', message: 'n' } } },
  ])('accepts $type', (message) => {
    expect(childMessageSchema.safeParse(message).data).toEqual(message);
  });

  it.each([
    ['an unknown type', { type: 'hello' }],
    ['no type', { percent: 3 }],
    ['another version', { type: 'ready', version: PROTOCOL_VERSION + 1 }],
    ['a field too many', { type: 'result', json: '1', extra: true }],
    ['progress over 100', { type: 'progress', percent: 101 }],
    ['progress that is no number', { type: 'progress', percent: NaN }],
    ['an unknown level', { type: 'log', level: 'fatal', text: 'x' }],
    ['a text without end', { type: 'log', level: 'info', text: 'x'.repeat(65_537) }],
    ['a method the host does not have', { type: 'call', id: 1, method: 'exec', params: null }],
    ['a negative id', { type: 'call', id: -1, method: 'spawn', params: null }],
    ['a result that is not text', { type: 'result', json: { ok: true } }],
    ['an error without message', { type: 'failure', error: { name: 'Error' } }],
    ['no object at all', 'ready'],
  ])('refuses %s', (_what, message) => {
    expect(childMessageSchema.safeParse(message).success).toBe(false);
  });

  it('accepts every error that serializeError makes', () => {
    const loop = new Error('again');
    loop.cause = loop;
    const thrown = [loop, new TaskSystemError('TASK_CRASHED', 'x', { exitCode: 1 }), 'text', undefined, { a: 1n }, new AggregateError([loop], 'many'), new Error('x'.repeat(1_000_000))];
    const refused = thrown.filter((value) => !childMessageSchema.safeParse({ type: 'failure', error: serializeError(value) }).success);
    expect(refused).toEqual([]);
  });
});
