import { describe, expect, it } from 'vitest';
import { treeOf } from '../../src/lib/task-system/subtask/treeOf.ts';
import { makeRecord } from '../core/makers.ts';

const records = [
  makeRecord({ id: 'root', rootId: 'root', state: 'waiting', createdAt: 1 }),
  makeRecord({ id: 'a', parentId: 'root', rootId: 'root', state: 'completed', key: 'first', weight: 3, finishedAt: 9 }),
  makeRecord({ id: 'b', parentId: 'root', rootId: 'root', state: 'running', key: '#hash.0' }),
  makeRecord({ id: 'c', parentId: 'b', rootId: 'root', state: 'failed', progress: { percent: 20 }, error: { name: 'E', message: 'no' } }),
];

describe('treeOf', () => {
  it('puts children below their parents, in order', () => {
    const tree = treeOf('root', records, () => undefined);
    expect(tree).toMatchObject({ id: 'root', state: 'waiting', children: [{ id: 'a', key: 'first', weight: 3, finishedAt: 9 }, { id: 'b', children: [{ id: 'c', error: { message: 'no' } }] }] });
    expect(tree?.children[1]).not.toHaveProperty('key');
  });

  it('rolls progress up where nobody reports any', () => {
    expect(treeOf('root', records, () => undefined)).toMatchObject({ percent: 80, children: [{ percent: 100 }, { percent: 20, children: [{ percent: 20 }] }] });
  });

  it('takes what a running task reports', () => {
    expect(treeOf('root', records, (id) => (id === 'b' ? 60 : undefined))).toMatchObject({ percent: 90, children: [{}, { percent: 60 }] });
  });

  it('gives any part of a tree', () => {
    expect(treeOf('b', records, () => undefined)).toMatchObject({ id: 'b', children: [{ id: 'c' }] });
  });

  it('gives nothing of a task that is not there', () => {
    expect(treeOf('ghost', records, () => undefined)).toBeUndefined();
  });
});
