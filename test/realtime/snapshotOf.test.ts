import { describe, expect, it } from 'vitest';
import { snapshotFrames, snapshotOf } from '../../src/lib/task-system/realtime/server/snapshotOf.ts';
import { summaryOf } from '../../src/lib/task-system/realtime/server/Commands.ts';
import type { SnapshotFilter } from '../../src/lib/task-system/types/Snapshots.ts';
import type { ServerFrame } from '../../src/lib/task-system/types/Wire.ts';
import { serverFrameSchema } from '../../src/lib/task-system/types/WireSchema.ts';
import { taskOf } from '../hooks/helpers.ts';
import { controlOf } from './controlOf.ts';

async function askedFor(...topics: readonly string[]): Promise<SnapshotFilter | undefined> {
  let asked: SnapshotFilter | undefined;
  await snapshotOf(topics, controlOf({ snapshot: (filter) => { asked = filter; return Promise.resolve({ tasks: [], offset: 0 }); } }));
  return asked;
}

describe('snapshotOf', () => {
  it('asks for what the topics are about, in one question', async () => {
    expect(await askedFor('tasks', 'project:acme', 'project:bolt', 'task:1', 'tree:2')).toEqual({ everything: true, projects: ['acme', 'bolt'], taskIds: ['1'], rootIds: ['2'], limit: 1_000 });
  });

  it('asks for nothing that no topic is about', async () => {
    expect(await askedFor('task:1')).toEqual({ everything: false, projects: [], taskIds: ['1'], rootIds: [], limit: 1_000 });
  });

  it('takes a name as it is, whatever stands in it', async () => {
    expect(await askedFor('task:tasks', 'project:task:1', 'tree:a:b')).toMatchObject({ everything: false, projects: ['task:1'], taskIds: ['tasks'], rootIds: ['a:b'] });
  });

  it('leaves out inputs and results, and keeps order and offset', async () => {
    const control = controlOf({ snapshot: () => Promise.resolve({ tasks: [taskOf('2', { input: 'large', result: 'large' }), taskOf('1')], offset: 7 }) });
    const { tasks, offset } = await snapshotOf(['tasks'], control);
    expect([tasks.map(({ id }) => id), offset]).toEqual([['2', '1'], 7]);
    expect(Object.keys(tasks[0] ?? {})).not.toContain('result');
    expect(Object.keys(tasks[0] ?? {})).not.toContain('input');
  });
});

describe('snapshotFrames', () => {
  const framesOf = (count: number, bytes = 10): readonly Extract<ServerFrame, { readonly type: 'snap' }>[] => {
    const tasks = Array.from({ length: count }, (_, index) => summaryOf(taskOf(String(index), { metadata: { padding: 'x'.repeat(bytes) } })));
    return snapshotFrames('a"', { tasks, offset: 7 }).map((text) => {
      const frame = serverFrameSchema.parse(JSON.parse(text));
      if (frame.type !== 'snap') throw new TypeError(`unexpected ${frame.type}`);
      return frame;
    });
  };

  it('is one frame, also of no tasks at all', () => {
    expect(framesOf(0)).toEqual([{ type: 'snap', id: 'a"', offset: 7, tasks: [] }]);
    expect(framesOf(3)).toHaveLength(1);
  });

  it('says of every part but the last that more follows, and has every task once, in order', () => {
    const frames = framesOf(1_000, 1_000);
    expect(frames.length).toBeGreaterThan(10);
    expect(frames.map(({ more }) => more)).toEqual([...frames.slice(1).map(() => true), undefined]);
    expect(frames.flatMap(({ tasks }) => tasks.map(({ id }) => id))).toEqual(Array.from({ length: 1_000 }, (_, index) => String(index)));
    expect(new Set(frames.map(({ id, offset }) => `${id} ${String(offset)}`))).toEqual(new Set(['a" 7']));
  });

  it('has parts far below what may wait for a client', () => {
    for (const frame of framesOf(500, 5_000)) expect(JSON.stringify(frame).length).toBeLessThan(80_000);
  });
});
