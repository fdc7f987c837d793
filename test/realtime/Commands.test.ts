import { describe, expect, it } from 'vitest';
import { Commands } from '../../src/lib/task-system/realtime/server/Commands.ts';
import { Outbox } from '../../src/lib/task-system/realtime/server/Outbox.ts';
import { Permissions, type Authorize } from '../../src/lib/task-system/realtime/server/Permissions.ts';
import { TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import type { TaskControl } from '../../src/lib/task-system/types/TaskControl.ts';
import { taskOf } from '../hooks/helpers.ts';
import { controlOf } from './controlOf.ts';
import { ManualClock, RecordingLogger, settle } from './helpers.ts';

interface Setup {
  readonly commands: Commands;
  /** What was sent, parsed. */
  readonly sent: unknown[];
  readonly logger: RecordingLogger;
  /** What `authorize` was asked. */
  readonly asked: string[];
  /** Lets one paced answer leave. */
  readonly leave: () => void;
}

function setup(methods: Partial<TaskControl> = {}, authorize: Authorize = () => true): Setup {
  const sent: unknown[] = [];
  const leaving: (() => void)[] = [];
  const asked: string[] = [];
  const logger = new RecordingLogger();
  const control = controlOf(methods);
  const socket = { isOpen: true, bufferedBytes: 0, sendText: (text: string, done: () => void) => { sent.push(JSON.parse(text)); leaving.push(done); }, sendMessage: () => undefined };
  const outbox = new Outbox(socket, { softBytes: 1e6, hardBytes: 1e7 }, () => undefined);
  const ask: Authorize = (identity, action, topic, subject) => { asked.push(`${action} ${topic} ${JSON.stringify(subject)}`); return authorize(identity, action, topic, subject); };
  const permissions = new Permissions({ authorize: ask, control, clock: new ManualClock(), logger }, () => 'anna');
  return { commands: new Commands({ control, permissions, name: () => 'anna', outbox, logger }), sent, logger, asked, leave: () => { leaving.shift()?.(); } };
}

describe('Commands.run', () => {
  it('answers a command under its id', async () => {
    const { commands, sent } = setup();
    await commands.run({ type: 'retry', id: 'c1', taskId: 't' });
    expect(sent).toEqual([{ type: 'done', ref: 'c1', command: 'retry', value: { taskId: 'new-task' } }]);
  });

  it('takes no commands where the server has nothing to command', async () => {
    const sent: unknown[] = [];
    const logger = new RecordingLogger();
    const outbox = new Outbox({ isOpen: true, bufferedBytes: 0, sendText: (text) => { sent.push(JSON.parse(text)); }, sendMessage: () => undefined }, { softBytes: 1, hardBytes: 1 }, () => undefined);
    const permissions = new Permissions({ authorize: () => true, control: undefined, clock: new ManualClock(), logger }, () => 1);
    await new Commands({ control: undefined, permissions, name: () => '', logger, outbox }).run({ type: 'get', id: 'c1', taskId: 't' });
    expect(sent).toMatchObject([{ type: 'err', code: 'unsupported', ref: 'c1' }]);
  });

  it('carries nothing out that is not allowed', async () => {
    const calls: string[] = [];
    const { commands, sent } = setup({ cancel: (id) => { calls.push(id); return Promise.resolve(true); } }, () => false);
    await commands.run({ type: 'cancel', id: 'c1', taskId: 't' });
    expect([calls, sent]).toMatchObject([[], [{ type: 'err', code: 'forbidden', ref: 'c1' }]]);
  });

  it('says null of a task that there is not', async () => {
    const { commands, sent, leave } = setup();
    const done = commands.run({ type: 'get', id: 'c1', taskId: 't' });
    await settle();
    leave();
    await done;
    expect(sent).toEqual([{ type: 'done', ref: 'c1', command: 'get', value: { task: null } }]);
  });

  it('says that a client cancelled where the client gives no reason', async () => {
    const reasons: unknown[] = [];
    const { commands } = setup({ cancel: (_id, reason) => { reasons.push(reason); return Promise.resolve(true); } });
    await commands.run({ type: 'cancel', id: 'c1', taskId: 't' });
    await commands.run({ type: 'cancel', id: 'c2', taskId: 't', reason: 'mine' });
    expect(reasons).toEqual(['cancelled by a client', 'mine']);
  });

  it('lists tasks without inputs and results, and where the next page begins', async () => {
    const { commands, sent, leave } = setup({ list: () => Promise.resolve({ tasks: [taskOf('t', { input: 'large', result: 'large' })], nextCursor: 'n' }) });
    const done = commands.run({ type: 'list', id: 'c1' });
    await settle();
    leave();
    await done;
    expect(JSON.stringify(sent)).not.toContain('large');
    expect(sent).toMatchObject([{ value: { tasks: [{ id: 't' }], nextCursor: 'n' } }]);
  });

  it('answers an approval in the name of the client, whatever the client says', async () => {
    const answers: unknown[] = [];
    const { commands } = setup({ approve: (id, options) => { answers.push(id, options); return Promise.reject(new Error('enough')); } });
    await commands.run({ type: 'approve', id: 'c1', approvalId: 't.1', reason: 'fine', remember: 'task' });
    expect(answers).toEqual(['t.1', { by: 'anna', reason: 'fine', remember: 'task' }]);
  });

  it('passes on an error of the catalogue without its stack and cause', async () => {
    const { commands, sent } = setup({ retry: () => Promise.reject(new TaskSystemError('TASK_NOT_FOUND', 'no task', { taskId: 't' }, { cause: new Error('hush') })) });
    await commands.run({ type: 'retry', id: 'c1', taskId: 't' });
    expect(sent).toMatchObject([{ type: 'err', code: 'command', ref: 'c1', error: { code: 'TASK_NOT_FOUND', details: { taskId: 't' } } }]);
    expect(JSON.stringify(sent)).not.toMatch(/hush|stack/);
  });

  it('tells the client nothing of any other error, and the log everything', async () => {
    const { commands, sent, logger } = setup({ retry: () => Promise.reject(new Error('disk at /var/lib')) });
    await commands.run({ type: 'retry', id: 'c1', taskId: 't' });
    expect(sent).toEqual([{ type: 'err', code: 'failed', message: 'The command failed.', ref: 'c1' }]);
    expect(JSON.stringify(logger.lines)).toContain('disk at /var/lib');
  });

  it('refuses the seventeenth command that is under way, and takes it later', async () => {
    const gate = Promise.withResolvers<boolean>();
    const { commands, sent } = setup({ cancel: () => gate.promise });
    const first = Array.from({ length: 16 }, (_, index) => commands.run({ type: 'cancel', id: `c${String(index)}`, taskId: 't' }));
    await commands.run({ type: 'cancel', id: 'over', taskId: 't' });
    expect(sent).toMatchObject([{ type: 'err', code: 'limit', ref: 'over' }]);
    gate.resolve(true);
    await Promise.all(first);
    await commands.run({ type: 'cancel', id: 'later', taskId: 't' });
    expect(sent.at(-1)).toMatchObject({ type: 'done', ref: 'later' });
  });

  it('reads one large answer at a time, as each may fill the memory', async () => {
    let reading = 0;
    const { commands, leave } = setup({ get: () => { reading++; return Promise.resolve(undefined); } });
    const both = [commands.run({ type: 'get', id: 'c1', taskId: 't' }), commands.run({ type: 'get', id: 'c2', taskId: 't' })];
    await settle();
    // Each is read once by the permissions already, which want to know the project of the task.
    const before = reading;
    leave();
    await settle();
    leave();
    await Promise.all(both);
    expect(reading).toBe(before + 1);
  });

  it('goes on with the next large answer after one that failed', async () => {
    const { commands, sent, leave } = setup({ list: () => Promise.reject(new Error('no')), approvals: () => Promise.resolve([]) });
    const both = [commands.run({ type: 'list', id: 'c1' }), commands.run({ type: 'approvals', id: 'c2' })];
    await settle();
    leave();
    leave();
    await Promise.all(both);
    expect(sent).toMatchObject([{ type: 'err', ref: 'c1' }, { type: 'done', ref: 'c2' }]);
  });
});

describe('Commands.run: what is asked of authorize', () => {
  const asked = async (frame: Parameters<Commands['run']>[0]): Promise<readonly string[]> => {
    const { commands, asked: questions } = setup({}, (_identity, _action, topic) => !topic.endsWith('stop'));
    // Nothing needs to be carried out.
    void commands.run(frame);
    await settle();
    return questions;
  };

  it('is the project of a submission, with its type', async () => {
    expect(await asked({ type: 'submit', id: 'c', options: { type: 'x', project: 'p' } })).toEqual(['submit project:p {"project":"p","taskType":"x"}']);
  });

  it('is the default project where a submission names none', async () => {
    expect(await asked({ type: 'submit', id: 'c', options: { type: 'x' } })).toEqual(['submit project:default {"project":"default","taskType":"x"}']);
  });

  it('is also the parent of a submission, which a child can fail', async () => {
    expect(await asked({ type: 'submit', id: 'c', options: { type: 'x', parentId: 't' } })).toEqual(['submit project:default {"project":"default","taskType":"x"}', 'submit task:t {}']);
  });

  it('is nothing more after the first no', async () => {
    expect(await asked({ type: 'submit', id: 'c', options: { type: 'x', project: 'stop', parentId: 't' } })).toHaveLength(1);
  });

  it('is the task of an approval', async () => {
    expect(await asked({ type: 'deny', id: 'c', approvalId: 'stop.3' })).toEqual(['deny task:stop {}']);
  });

  it('is everything for a list without a filter', async () => {
    expect(await asked({ type: 'list', id: 'c' })).toEqual(['list tasks {}']);
  });

  it('is the project of a list, also where it names a parent', async () => {
    expect(await asked({ type: 'list', id: 'c', options: { project: 'p', parentId: 't' } })).toEqual(['list project:p {"project":"p"}']);
  });

  it('is the parent of a list without a project', async () => {
    expect(await asked({ type: 'list', id: 'c', options: { parentId: 't' } })).toEqual(['list task:t {}']);
  });

  it('is the task of a list of approvals', async () => {
    expect(await asked({ type: 'approvals', id: 'c', options: { taskId: 't' } })).toEqual(['approvals task:t {}']);
  });
});
