import { setImmediate } from 'node:timers/promises';
import { WebhookManager } from '../../../../src/lib/task-system/hooks/WebhookManager.ts';
import { TaskEvents } from '../../../../src/lib/task-system/realtime/EventEmitter.ts';
import { openSqliteStore } from '../../../../src/lib/task-system/store/SqliteStore.ts';
import { FakeClock } from '../../../../src/lib/task-system/testing/FakeClock.ts';
import { DEFAULTS } from '../../../../src/lib/task-system/types/ResolvedOptions.ts';
import { newTaskOf } from '../../../store/programs/newTaskOf.ts';

/** Creates tasks and sends webhooks of them until it is killed. Its clock stands still. */
const [, , directory = '', url = '', prefix = ''] = process.argv;
const store = await openSqliteStore({ directory, lockTimeoutMs: 5_000 });
const clock = new FakeClock();
const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const events = new TaskEvents({ epoch: store.epoch, offset: store.openingOffset, clock, logger, readSince: (offset, limit) => store.readEvents(offset, limit) });
const options = { ...DEFAULTS.webhooks, allow: [], ca: [], secrets: new Map(), allowHttp: true, allowLoopback: true };
const manager = new WebhookManager({ options, outbox: store.outbox, clock, random: () => 0.5, logger, hostId: prefix, generateId: () => prefix });
await manager.open(events);
await manager.add({ id: 'x', url, events: ['task:create'] });
for (let round = 0; ; round++) {
  const created = await Promise.all([0, 1, 2].map((index) => store.create({ ...newTaskOf(`${prefix}-${String(round)}-${String(index)}`), createdAt: clock.now() })));
  for (const event of created.flatMap((each) => each.events)) events.emit(event);
  await setImmediate();
}
