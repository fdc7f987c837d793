import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { assertNodeVersion } from '../../src/lib/task-system/types/nodeVersion.ts';
import { REPOSITORY } from '../support/files.ts';
import { thrownBy } from '../support/thrown.ts';

describe('assertNodeVersion', () => {
  it.each(['22.18.0', '22.19.3', '23.0.0', '24.21.0', '100.0.0'])('accepts Node %s', (version) => {
    expect(() => { assertNodeVersion(version); }).not.toThrow();
  });

  it.each(['22.17.9', '20.20.2', '9.0.0', '0.12.18'])('refuses Node %s', (version) => {
    const error = thrownBy(() => { assertNodeVersion(version); });
    expect(error.code).toBe('NODE_TOO_OLD');
    expect(error.message).toContain(`task-system needs Node 22.18 or newer, this is Node ${version}`);
  });

  it('asks for what package.json asks for', () => {
    expect(readFileSync(path.join(REPOSITORY, 'package.json'), 'utf8')).toContain('"node": ">=22.18"');
  });
});
