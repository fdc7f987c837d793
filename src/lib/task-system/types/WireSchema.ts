import * as z from 'zod';
import { taskOfApproval, type Approval, type ApprovalListOptions } from './Approvals.ts';
import type { SerializedError } from './Errors.ts';
import { isEventType, type TaskEvent } from './Events.ts';
import type { Task } from './Task.ts';
import type { ListOptions, SubmitOptions } from './Options.ts';
import { WIRE_PROTOCOL, type ClientFrame, type DoneFrame, type ServerFrame, type TaskSummary } from './Wire.ts';

const id = z.string().min(1).max(128);
const offset = z.int().min(0);
const position = z.strictObject({ epoch: z.string().max(128), offset });

const approvalId = id.refine((text) => taskOfApproval(text) !== undefined);
const answer = { approvalId, reason: z.string().min(1).max(1_024).exactOptional(), remember: z.enum(['once', 'task']).exactOptional() };

// Looked at in full by whoever carries the command out: `submit`, `list` and `approvals` name every problem with their options.
const options = z.record(z.string(), z.json());
const submitOptions: z.ZodType<SubmitOptions> = z.custom<SubmitOptions>((value) => options.safeParse(value).success);
const approvalOptions: z.ZodType<ApprovalListOptions> = z.custom<ApprovalListOptions>((value) => options.safeParse(value).success);
const listOptions: z.ZodType<ListOptions> = z.custom<ListOptions>((value) => options.safeParse(value).success);

/** Every frame that a client may send. */
export const clientFrameSchema: z.ZodType<ClientFrame> = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('hello'), token: z.string().max(8_192).exactOptional() })
    .describe('Must come first and once, within 5 seconds. A `token` is shown to `authenticate`.'),
  z.strictObject({
    type: z.literal('sub'), id, topics: z.array(z.string().max(512)).min(1), since: position.exactOptional(), snapshot: z.boolean().exactOptional(),
  }).describe('Subscribes under an id of the client\'s choice. With `since` the events after that position come first; with `snapshot` a `snap` does.'),
  z.strictObject({ type: z.literal('unsub'), id })
    .describe('Ends a subscription; an unknown id is fine.'),
  z.strictObject({ type: z.literal('ping'), t: z.number().exactOptional() })
    .describe('Answered by a `pong` with the same `t`.'),
  z.strictObject({ type: z.literal('submit'), id, options: submitOptions })
    .describe('Command: as `tasks.submit(options)`. With an `idempotencyKey` it may be sent again after a loss.'),
  z.strictObject({ type: z.literal('cancel'), id, taskId: id, reason: z.string().max(1_024).exactOptional() })
    .describe('Command: as `tasks.cancel`; answered when the task has ended.'),
  z.strictObject({ type: z.literal('retry'), id, taskId: id })
    .describe('Command: as `tasks.retry`. Not to be sent again blindly.'),
  z.strictObject({ type: z.literal('get'), id, taskId: id })
    .describe('Command: as `tasks.get`.'),
  z.strictObject({ type: z.literal('list'), id, options: listOptions.exactOptional() })
    .describe('Command: as `tasks.list(options)`, without inputs and results.'),
  z.strictObject({ type: z.literal('approve'), id, ...answer })
    .describe('Command: as `tasks.approve`. Who answers is what `authenticate` said. May be sent again after a loss.'),
  z.strictObject({ type: z.literal('deny'), id, ...answer })
    .describe('Command: as `tasks.deny`, like `approve`.'),
  z.strictObject({ type: z.literal('approvals'), id, options: approvalOptions.exactOptional() })
    .describe('Command: as `tasks.approvals(options)`.'),
]);

const eventShape = z.object({
  epoch: z.string(), offset, time: z.number(), taskId: z.string(), project: z.string(), taskType: z.string(), rootId: z.string(), attempt: z.int(),
  type: z.string().refine(isEventType), data: z.record(z.string(), z.json()),
});
const taskShape = z.object({ id: z.string(), type: z.string(), project: z.string(), state: z.string() });
const event = z.custom<TaskEvent>((value) => eventShape.safeParse(value).success);
const task = z.custom<Task>((value) => taskShape.safeParse(value).success);
const approvalShape = z.object({ id: z.string(), taskId: z.string(), tool: z.string(), state: z.string(), deadline: z.number() });
const approval = z.custom<Approval>((value) => approvalShape.safeParse(value).success);
const summary = z.custom<TaskSummary>((value) => taskShape.safeParse(value).success);

/** The answer to a command that was carried out. */
const doneFrame: z.ZodType<DoneFrame> = z.discriminatedUnion('command', [
  z.strictObject({ type: z.literal('done'), ref: id, command: z.literal('submit'), value: z.strictObject({ taskId: id }) }),
  z.strictObject({ type: z.literal('done'), ref: id, command: z.literal('cancel'), value: z.strictObject({ cancelled: z.boolean() }) }),
  z.strictObject({ type: z.literal('done'), ref: id, command: z.literal('retry'), value: z.strictObject({ taskId: id }) }),
  z.strictObject({ type: z.literal('done'), ref: id, command: z.literal('get'), value: z.strictObject({ task: task.nullable() }) }),
  z.strictObject({
    type: z.literal('done'), ref: id, command: z.literal('list'),
    value: z.strictObject({ tasks: z.array(summary), nextCursor: z.string().exactOptional() }),
  }),
  z.strictObject({ type: z.literal('done'), ref: id, command: z.literal('approve'), value: z.strictObject({ state: z.literal('allowed') }) }),
  z.strictObject({ type: z.literal('done'), ref: id, command: z.literal('deny'), value: z.strictObject({ state: z.literal('denied') }) }),
  z.strictObject({ type: z.literal('done'), ref: id, command: z.literal('approvals'), value: z.strictObject({ approvals: z.array(approval) }) }),
]);
const serializedError: z.ZodType<SerializedError> = z.strictObject({
  name: z.string(), message: z.string(), code: z.string().exactOptional(), retryable: z.boolean().exactOptional(), details: options.exactOptional(),
});

/** Every frame that a server sends; of events and tasks only the fields that every one has are looked at. */
export const serverFrameSchema: z.ZodType<ServerFrame> = z.union([doneFrame, z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('welcome'), protocol: z.literal(WIRE_PROTOCOL), epoch: z.string(), offset, heartbeatMs: z.int().min(1),
    limits: z.strictObject({ maxFrameBytes: z.int(), maxSubscriptions: z.int(), maxTopics: z.int() }),
  }).describe('The answer to `hello`; wait for it. `heartbeatMs`: how often the server pings.'),
  z.strictObject({ type: z.literal('subok'), id, epoch: z.string(), offset, recovered: z.boolean() })
    .describe('The subscription is live and has seen everything up to `offset`. `recovered`: also everything since the position it asked for.'),
  z.strictObject({ type: z.literal('snap'), id, offset, tasks: z.array(summary), more: z.literal(true).exactOptional() })
    .describe('The tasks of the topics as they were at `offset`, for a subscription that asked for them; before its events. `more`: another part follows. Without `since` those go on after `offset`.'),
  z.strictObject({ type: z.literal('ev'), events: z.array(event).min(1), sub: id.exactOptional() })
    .describe('Events, oldest first. With `sub`: replayed for that subscription alone. Without: for every live subscription with a topic of them.'),
  z.strictObject({ type: z.literal('reset'), id, reason: z.enum(['epoch', 'pruned', 'ahead']) })
    .describe('The events since the position cannot all be had: another log, its old part pruned, or the position beyond its end. A `subok` with `recovered: false` follows.'),
  z.strictObject({
    type: z.literal('err'), message: z.string(), ref: id.exactOptional(), error: serializedError.exactOptional(),
    code: z.enum(['topic', 'limit', 'duplicate', 'unsupported', 'forbidden', 'command', 'failed', 'bad_frame', 'unauthorized', 'hello_timeout', 'too_many_messages']),
  }).describe('With `ref`: that subscription or command was refused. Without: the connection is about to be closed.'),
  z.strictObject({ type: z.literal('pong'), t: z.number().exactOptional(), offset: offset.exactOptional() })
    .describe('Every live subscription has been sent everything up to `offset`; it is missing while one is being caught up.'),
  z.strictObject({ type: z.literal('bye'), code: z.int(), retryAfterMs: z.int().exactOptional() })
    .describe('The connection is about to be closed with this code; come back not before `retryAfterMs`.'),
])]);
