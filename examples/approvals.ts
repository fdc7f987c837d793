/**
 * A task that has to ask before it removes anything. Start it with `node examples/approvals.ts`: it asks on the terminal (`y`, `n`, or
 * `a` for "yes, and do not ask again in this task"). Without a terminal it answers by itself. It works in `.task-system/approvals` or the
 * folder that is named.
 */
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { createTaskSystem, type AnswerOptions } from 'task-system';

const base = path.resolve(process.argv[2] ?? '.task-system/approvals');
const terminal = process.stdin.isTTY ? createInterface({ input: process.stdin, output: process.stdout }) : undefined;

const tasks = await createTaskSystem({
  root: base,
  tasks: { tidy: { module: new URL('./handlers/tidy.ts', import.meta.url), policy: { ask: ['fs.remove'], approvalTimeoutMs: 120_000 } } },
});

/** What a cautious program says when there is nobody to ask. */
function guess(question: string): string {
  return question.includes('.tmp') ? 'y' : 'n';
}

async function answer(approvalId: string, question: string): Promise<void> {
  const said = await terminal?.question(question) ?? guess(question);
  const options: AnswerOptions = { by: terminal === undefined ? 'the example' : 'you', ...(said === 'a' ? { remember: 'task' } : {}) };
  if (said === 'y' || said === 'a') await tasks.approve(approvalId, options);
  else await tasks.deny(approvalId, { ...options, reason: 'it may still be needed' });
}

tasks.events.on('task:approval', ({ data: { approvalId, tool, input } }) => {
  answer(approvalId, `May the task call ${tool} with ${JSON.stringify(input)}? [y/n/a] `).catch((error: unknown) => { console.error(error); });
});
tasks.events.on('task:approval:end', ({ data: { tool, outcome, by } }) => { console.log(`  ${outcome} by ${String(by)}: ${tool}`); });
tasks.events.on('task:log', ({ data }) => { console.log(`  ${data.text}`); });

const handle = await tasks.submit({ type: 'tidy' });
console.log(JSON.stringify(await handle.result()));
terminal?.close();
await tasks.close();
