/** Checks the order of layers, circles of imports and unused exports. Prints what is wrong and ends with 1 if anything is. */
import path from 'node:path';
import { findLayerFaults } from './layers.ts';
import { readSourceGraph } from './sourceGraph.ts';
import { findUnusedExports } from './unusedExports.ts';

const ENTRIES = ['index', 'task', 'agent', 'client', 'testing', 'cli'].map((name) => `src/${name}.ts`);

const root = path.resolve(import.meta.dirname, '..');
const sources = readSourceGraph(root, 'src');
const others = ['test', 'bench', 'examples', 'scripts'].flatMap((folder) => readSourceGraph(root, folder));
const faults = [...findLayerFaults(sources), ...findUnusedExports(sources, others, ENTRIES)];

for (const fault of faults) process.stdout.write(`${fault}\n`);
process.stdout.write(`${sources.length} source files, ${faults.length} faults against the architecture\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
