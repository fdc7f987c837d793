// A host that grows trees: of groups, of parents that wait in their handlers and of parents that wait without a process, some with joins,
// some that fail. Prints what it is told. With "drain" it submits nothing more and ends when every task has its outcome.
import { createTaskSystem } from 'task-system';
import { tellWhenAsked } from './tellWhenAsked.mjs';

const [root, seed, mode] = process.argv.slice(2);
const tree = { module: new URL('../handlers/tree.mjs', import.meta.url), retry: { maxAttempts: 2, baseDelayMs: 5 }, stopGraceMs: 0 };
const system = await createTaskSystem({
  root, sandbox: { level: 'process' }, queue: { maxConcurrent: 3 },
  tasks: { tree, joins: { ...tree, module: new URL('../handlers/joins.mjs', import.meta.url) }, ledger: { ...tree, module: new URL('../handlers/ledger.mjs', import.meta.url) } },
});

const say = (line) => { process.stdout.write(`${line}\n`); };
for (const type of ['task:start', 'task:wait', 'task:resume', 'task:retry', 'task:complete', 'task:error', 'task:cancel']) system.events.on(type, ({ taskId, attempt, parentId }) => { say(`${type} ${taskId} ${attempt} ${parentId ?? ''}`); });

const unfinished = async () => (await system.queue.snapshot({ tasks: 0 })).projects.reduce((sum, project) => sum + project.ready + project.delayed + project.running + project.waiting, 0);

// The same numbers for the same seed: a shape is a matter of the seed, the moment of the kill is not.
let state = Number(seed) * 7_919 + 17;
const below = (bound) => { state = (state * 1_103_515_245 + 12_345) % 2_147_483_648; return Math.floor(state / 65_536) % bound; };
const pick = (...values) => values[below(values.length)];

const leaf = () => ({ type: 'ledger', steps: 1 + below(3), turns: below(40), failures: pick(0, 0, 0, 0, 1, 2) });
const node = (depth) => (depth === 0 ? leaf() : {
  type: pick('tree', 'joins'), mode: pick(undefined, undefined, 'all', 'settled', 'each'), turns: below(20),
  submit: { completion: pick('all', 'all', 'any', { quorum: 2 }), onChildFailure: pick('fail-fast', 'wait', 'ignore') },
  children: Array.from({ length: 1 + below(3) }, () => node(below(depth))),
});
const submission = () => {
  const { type, submit, ...input } = node(2);
  return pick({ type, input, ...submit }, { type: 'group', ...submit, children: [{ type, input }, { type: 'ledger', input: leaf() }] });
};

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
  for (let number = 0; ; number++) {
    say(`accepted ${(await system.submit(submission())).id}`);
    if (number % 4 === 3) void system.list({ state: 'waiting', limit: 1 }).then(({ tasks: [task] }) => task && system.cancel(task.id)).catch(() => undefined);
    while (await unfinished() > 10) await new Promise((resolve) => { const stop = system.events.on('*', () => { stop(); resolve(); }); });
  }
}
