import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildIfStale } from '../scripts/buildIfStale.ts';
import type { Benchmark } from './lib/Benchmark.ts';
import { startRedis } from './lib/Redis.ts';
import { toTable, type Finding } from './lib/report.ts';

const USAGE = 'npm run bench -- [--quick] [--json file] [--data folder] [name ...]';

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'string' }, data: { type: 'string' } },
  allowPositionals: true,
});

// What is measured is the package as it is installed, so it is built before anything of it is loaded.
await buildIfStale();
const { BENCHMARKS } = await import('./rows/index.ts');
const chosen = choose(BENCHMARKS, positionals);
const directory = await mkdtemp(path.join(tmpdir(), 'task-system-bench-'));
try {
  const findings = await runAll(chosen);
  process.stdout.write(`${toTable(findings)}\n`);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ node: process.version, quick: values.quick, findings }, undefined, 2)}\n`);
} finally {
  await rm(directory, { recursive: true, force: true });
}

function choose(all: readonly Benchmark[], names: readonly string[]): readonly Benchmark[] {
  const unknown = names.filter((name) => all.every((benchmark) => benchmark.name !== name));
  if (unknown.length > 0) throw new Error(`no benchmark is called ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}. Usage: ${USAGE}`);
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}

async function runAll(benchmarks: readonly Benchmark[]): Promise<Finding[]> {
  const redis = await startRedis(directory);
  const findings: Finding[] = [];
  try {
    for (const { name, run } of benchmarks) {
      const own = path.join(directory, name);
      await mkdir(own);
      const say = (text: string): void => { process.stderr.write(`${name}: ${text}\n`); };
      const start = performance.now();
      findings.push({ benchmark: name, measures: await run({ isQuick: values.quick, directory: own, redis, say, ...(values.data === undefined ? {} : { data: path.resolve(values.data) }) }) });
      say(`done in ${((performance.now() - start) / 1_000).toFixed(1)} s`);
      await rm(own, { recursive: true, force: true });
    }
  } finally {
    await redis?.close();
  }
  return findings;
}
