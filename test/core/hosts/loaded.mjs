// A host under load: accepts tasks as fast as they are finished and prints each id once it is accepted. With "drain" it
// accepts nothing more and ends when every task has its outcome.
import { createTaskSystem } from 'task-system';
import { tellWhenAsked } from './tellWhenAsked.mjs';

const [root, seed, mode] = process.argv.slice(2);
const system = await createTaskSystem({
  root,
  tasks: { ledger: { module: new URL('../handlers/ledger.mjs', import.meta.url), retry: { maxAttempts: 3, baseDelayMs: 5 }, stopGraceMs: 0 } },
  projects: { b: { maxConcurrent: 2 } },
});

// Written synchronously it would be refused while the reader is behind.
const say = (line) => { process.stdout.write(`${line}\n`); };
for (const type of ['task:start', 'task:retry', 'task:complete', 'task:error', 'task:cancel']) system.events.on(type, ({ taskId, attempt }) => { say(`${type} ${taskId} ${attempt}`); });

const unfinished = async () => (await system.queue.snapshot()).projects.reduce((sum, project) => sum + project.ready + project.delayed + project.running, 0);

tellWhenAsked(system);

if (mode === 'drain') {
  const { promise, resolve } = Promise.withResolvers();
  const look = async () => { if (await unfinished() === 0) resolve(); };
  system.events.on('*', ({ type }) => { if (['task:complete', 'task:error', 'task:cancel'].includes(type)) void look(); });
  await look();
  await promise;
  await system.close();
  say('drained');
} else {
  let number = 0;
  for (;;) {
    const batch = Array.from({ length: 3 }, () => {
      number++;
      const mix = (Number(seed) * 31 + number * 17) % 12;
      return system.submit({
        type: 'ledger', project: mix % 2 === 0 ? 'a' : 'b', priority: mix % 3, ...(mix === 5 ? { delayMs: 20 } : {}),
        input: { steps: 1 + (mix % 4), turns: mix * 3, failures: mix === 7 ? 1 : mix === 11 ? 3 : 0 },
      });
    });
    for (const handle of await Promise.all(batch)) say(`accepted ${handle.id}`);
    if (number % 9 === 0) void system.list({ state: 'queued', limit: 1 }).then(({ tasks: [task] }) => task && system.cancel(task.id)).catch(() => undefined);
    // As many as are waiting already is enough: the load must not outgrow what the last host can finish.
    while (await unfinished() > 12) await new Promise((resolve) => { const stop = system.events.on('*', () => { stop(); resolve(); }); });
  }
}
