/**
 * Runs programs that nobody has read, as a model may write them: one that is useful, and some that are not. Start it with
 * `node examples/untrusted.ts [folder]`. The type is `untrusted`, so it needs a sandbox of the kernel; where there is none, its tasks
 * are refused, and the error says what is missing.
 */
import path from 'node:path';
import { createTaskSystem, TaskSystemError } from 'task-system';

const PROGRAMS = {
  'counts the letters of a word': "export default () => 'bees'.length;",
  'reads the accounts of this machine': "import { readFileSync } from 'node:fs'; export default () => readFileSync('/etc/passwd', 'utf8');",
  'asks the network': "export default async () => (await fetch('http://127.0.0.1:8080')).status;",
  'looks for keys in its environment': "export default () => Object.keys(process.env).filter((name) => /KEY|TOKEN|SECRET/.test(name));",
  'plants a hook beside its handler': "import { writeFileSync } from 'node:fs'; export default () => writeFileSync(process.argv[1], '');",
  'looks for other processes': "import { readdirSync } from 'node:fs'; export default () => readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).length;",
  'never ends': 'export default () => { for (;;); };',
  'takes all memory': 'export default () => { const kept = []; for (;;) kept.push(Buffer.alloc(4_194_304, 1)); };',
};

process.env['MY_API_KEY'] = 'a secret of the host';
const tasks = await createTaskSystem({
  root: path.resolve(process.argv[2] ?? '.task-system/untrusted'),
  tasks: { runCode: { module: new URL('./handlers/runCode.ts', import.meta.url), untrusted: true, timeoutMs: 300_000, limits: { memoryMb: 200, cpuMs: 2_000 } } },
  workspaces: { keepFailedMs: 0 },
});

for (const [what, code] of Object.entries(PROGRAMS)) {
  try {
    const handle = await tasks.submit({ type: 'runCode', input: { code } });
    const outcome = await handle.result().then((result) => JSON.stringify(result), reasonOf);
    console.log(`a program that ${what}: ${outcome}`);
  } catch (error) {
    if (!TaskSystemError.isInstance(error) || error.code !== 'SANDBOX_UNAVAILABLE') throw error;
    console.log(error.message);
    break;
  }
}
await tasks.close();

/** Why a program came to nothing: the innermost code. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isOuter = 'code' in error && error.code === 'TASK_FAILED';
  if (error.cause instanceof Error && (isOuter || !('code' in error))) return reasonOf(error.cause);
  return 'code' in error ? String(error.code) : error.message;
}
