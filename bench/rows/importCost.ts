import { verify, type Benchmark, type Measure } from '../lib/Benchmark.ts';
import { OURS, runRounds, toMeasure, type Contestant } from '../lib/compare.ts';
import { installedSize, ownInstalledSize } from '../lib/installedSize.ts';
import { numberIn, runProgram } from '../lib/runProgram.ts';

const NOTHING = 'an empty program';
const WITH_SYSTEM = 'and everything that createTaskSystem loads';
const BULLMQ = 'BullMQ with ioredis';
/** What must not be loaded before it is needed. */
const NOT_AT_IMPORT = ['/node_modules/ws/', '/node_modules/gpt-tokenizer/', '/dist/tokenizer-'];

/**
 * What `import 'task-system'` costs a host that may never run a task: time and memory in a fresh process, beside a program that imports
 * nothing and one that imports BullMQ; and what an installation puts on disk. The WebSocket library and tokenizers are loaded when they
 * are needed and not before, which is checked; so is what runs tasks, which `createTaskSystem` loads when it is called and which has a
 * contestant of its own. BullMQ does less by itself: it needs Redis, which is not counted.
 */
export const importCost: Benchmark = {
  name: 'import-cost',
  async run({ isQuick }) {
    refuseEagerLoading((await runProgram('listImports.mjs', ['task-system']))['loaded']);
    const memory = new Map<string, number[]>();
    const rounds = await runRounds([
      program(OURS, ['task-system'], memory), program(WITH_SYSTEM, ['task-system', 'createTaskSystem'], memory), program(NOTHING, [], memory), program(BULLMQ, ['bullmq'], memory),
    ], isQuick ? 2 : 25);
    const counted = rounds.get(OURS)?.length ?? 0;
    return [
      toMeasure('import', 'ms', rounds, { peers: [WITH_SYSTEM, BULLMQ], mark: ({ ours }) => ({ text: 'at most 60 ms', isMet: ours.median <= 60 }) }),
      toMeasure('memory of the process after it', 'MB', new Map([...memory].map(([name, values]) => [name, values.slice(-counted)])), { mark: memoryMark }),
      toMeasure('installed size with dependencies', 'MB', new Map([[OURS, [await ownInstalledSize()]], [BULLMQ, [await installedSize(['bullmq', 'ioredis'])]]])),
    ];
  },
};

function memoryMark({ ours, peers }: Measure): { text: string; isMet: boolean } {
  const empty = peers.find(({ name }) => name === NOTHING)?.value.median ?? 0;
  return { text: 'at most 25 MB more than the empty program', isMet: ours.median - empty <= 25 };
}

function program(name: string, args: readonly string[], memory: Map<string, number[]>): Contestant {
  return {
    name,
    measure: async () => {
      const answer = await runProgram('importPackage.mjs', args);
      memory.set(name, [...memory.get(name) ?? [], numberIn(answer, 'rssMb')]);
      return numberIn(answer, 'importMs');
    },
  };
}

function refuseEagerLoading(loaded: unknown): void {
  verify(Array.isArray(loaded) && loaded.some((url) => String(url).endsWith('dist/index.js')), 'the package was not loaded');
  const eager = loaded.map(String).filter((url) => NOT_AT_IMPORT.some((path) => url.includes(path)));
  verify(eager.length === 0, `loaded at import: ${eager.join(', ')}`);
}
