import { existsSync } from 'node:fs';
import path from 'node:path';
import type { BenchmarkContext } from './Benchmark.ts';
import { openSystem } from './openSystem.ts';

/** The program that builds sandboxes, where the level `kernel` works; says so where it does not. */
export async function findBubblewrap({ directory, say }: BenchmarkContext): Promise<string | undefined> {
  const system = await openSystem(path.join(directory, 'doctor'), { spares: 0 });
  const { levels } = await system.doctor();
  await system.close();
  const kernel = levels.find(({ level }) => level === 'kernel');
  if (kernel?.available !== true) say(`SKIPPED: the level kernel does not work here. ${kernel?.problems.map(({ what }) => what).join(' ') ?? ''}`);
  return kernel?.available === true ? ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap'].find(existsSync) : undefined;
}
