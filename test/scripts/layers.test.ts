import { describe, expect, it } from 'vitest';
import { findLayerFaults } from '../../scripts/layers.ts';
import { readSourceGraph } from '../../scripts/sourceGraph.ts';
import { REPOSITORY, temporaryDirectory, writeFiles } from '../support/files.ts';

const BASE = 'src/lib/task-system';

/** The faults in a library that consists of these files, by their path inside it. */
function faultsIn(files: Readonly<Record<string, string>>): readonly string[] {
  const root = temporaryDirectory();
  writeFiles(`${root}/${BASE}`, files);
  return findLayerFaults(readSourceGraph(root, 'src'));
}

describe('findLayerFaults', () => {
  it('finds none in this library', () => {
    const files = readSourceGraph(REPOSITORY, 'src');
    expect(files.length).toBeGreaterThan(50);
    expect(findLayerFaults(files)).toEqual([]);
  });

  it('lets a higher layer import a lower one', () => {
    expect(faultsIn({ 'types/A.ts': 'export const a = 1;', 'core/B.ts': "import { a } from '../types/A.ts';", 'index.ts': "import './core/B.ts';" })).toEqual([]);
  });

  it.each([
    ['upwards', { 'types/A.ts': "import '../core/B.ts';", 'core/B.ts': '' }, 'types/A.ts', 'core/B.ts'],
    ['upwards for a type alone', { 'store/A.ts': "import type { B } from '../core/B.ts';", 'core/B.ts': 'export type B = 1;' }, 'store/A.ts', 'core/B.ts'],
    ['upwards when it runs', { 'store/A.ts': "export const b = () => import('../core/B.ts');", 'core/B.ts': '' }, 'store/A.ts', 'core/B.ts'],
    ['upwards by passing on', { 'types/A.ts': "export { b } from '../hooks/B.ts';", 'hooks/B.ts': 'export const b = 1;' }, 'types/A.ts', 'hooks/B.ts'],
    ['sideways', { 'store/A.ts': "import '../hooks/B.ts';", 'hooks/B.ts': '' }, 'store/A.ts', 'hooks/B.ts'],
    ['the live feed from the core', { 'core/A.ts': "import '../realtime/WebSocketServer.ts';", 'realtime/WebSocketServer.ts': '' }, 'core/A.ts', 'realtime/WebSocketServer.ts'],
    ['the child from the host', { 'core/A.ts': "import './child/entry.ts';", 'core/child/entry.ts': '' }, 'core/A.ts', 'core/child/entry.ts'],
  ])('finds an import %s', (_what, files, from, to) => {
    expect(faultsIn(files)).toEqual([`${BASE}/${from} must not import ${BASE}/${to}`]);
  });

  it('lets the core use the emitter, which lies in the folder of a higher layer', () => {
    expect(faultsIn({ 'core/A.ts': "import '../realtime/EventEmitter.ts';", 'realtime/EventEmitter.ts': '' })).toEqual([]);
  });

  it.each([
    ['types/A.ts', 'ws'], ['core/A.ts', 'left-pad'], ['realtime/client/A.ts', 'node:fs'], ['core/A.ts', 'fs'], ['hooks/A.ts', 'p-queue'],
  ])('keeps %s from using %s', (file, specifier) => {
    expect(faultsIn({ [file]: `import '${specifier}';` })).toEqual([`${BASE}/${file} must not use ${specifier}`]);
  });

  it('asks for the ending of a file', () => {
    expect(faultsIn({ 'types/A.ts': "import './B';", 'types/B.ts': '' })).toEqual([`${BASE}/types/A.ts: write the ending of ./B`]);
  });

  it('finds a circle, once', () => {
    const circle = { 'types/A.ts': "import './B.ts';", 'types/B.ts': "import './C.ts';", 'types/C.ts': "import type { A } from './A.ts';", 'types/D.ts': "import './A.ts';" };
    expect(faultsIn(circle)).toEqual([`circle: ${BASE}/types/A.ts -> ${BASE}/types/B.ts -> ${BASE}/types/C.ts -> ${BASE}/types/A.ts`]);
  });

  it('finds a file that imports itself', () => {
    expect(faultsIn({ 'types/A.ts': "import './A.ts';" })).toEqual([`circle: ${BASE}/types/A.ts -> ${BASE}/types/A.ts`]);
  });
});
