import { describe, expect, it } from 'vitest';
import { hasKernelLevel } from '../core/isolation/kernelLevel.ts';
import { makeFolder } from './fixture.ts';
import { runExample } from './process.ts';

const hasKernel = await hasKernelLevel();

describe('examples/untrusted.ts', { timeout: 600_000 }, () => {
  it.skipIf(!hasKernel)('lets programs do what is useful, and nothing else', async () => {
    const folder = await makeFolder();
    const app = runExample('untrusted.ts', [folder], folder);
    expect(await app.exited, app.output()).toBe(0);
    expect(Object.fromEntries([...app.output().matchAll(/^a program that (.+?): (.+)$/gm)].map(([, what, outcome]) => [what, outcome]))).toEqual({
      'counts the letters of a word': '4',
      'reads the accounts of this machine': 'ENOENT',
      'asks the network': 'ECONNREFUSED',
      'looks for keys in its environment': '[]',
      'plants a hook beside its handler': expect.stringMatching(/^(EACCES|EROFS)$/),
      // The first process of its namespace, and itself.
      'looks for other processes': '2',
      'never ends': 'TASK_LIMIT_CPU',
      'takes all memory': 'TASK_LIMIT_MEMORY',
    });
  });

  it.skipIf(hasKernel)('says what is missing where programs cannot be kept in', async () => {
    const folder = await makeFolder();
    const app = runExample('untrusted.ts', [folder], folder);
    expect(await app.exited, app.output()).toBe(0);
    expect(app.output()).toMatch(/kernel/);
  });
});
