import { describe, expect, it } from 'vitest';
import { TaskFollower } from '../../src/lib/task-system/core/TaskFollower.ts';
import { TaskEvents } from '../../src/lib/task-system/realtime/EventEmitter.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import { makeLogger } from './makers.ts';

function setUp(): { readonly events: TaskEvents; readonly follower: TaskFollower; readonly say: (taskId: string) => void } {
  const events = new TaskEvents({ epoch: 'e', offset: 0, clock: new FakeClock(), logger: makeLogger(), readSince: () => Promise.resolve([]) });
  const say = (taskId: string): void => {
    events.emitTransient({ taskId, project: 'acme', taskType: 'research', rootId: taskId, attempt: 1 }, { type: 'task:progress', data: { percent: 1 } });
  };
  return { events, follower: new TaskFollower(events), say };
}

describe('TaskFollower', () => {
  it('hands events of a task to each of its followers and to no others', () => {
    const { follower, say } = setUp();
    const heard: string[] = [];
    follower.follow('a', () => { heard.push('a1'); });
    follower.follow('a', () => { heard.push('a2'); });
    follower.follow('b', () => { heard.push('b'); });
    say('a');
    expect(heard).toEqual(['a1', 'a2']);
  });

  it('stops when told, as often as it is told', () => {
    const { follower, say } = setUp();
    const heard: string[] = [];
    const stop = follower.follow('a', () => { heard.push('first'); });
    follower.follow('a', () => { heard.push('second'); });
    stop();
    stop();
    say('a');
    expect(heard).toEqual(['second']);
  });

  it('does not end a new follower with the stop of an old one', () => {
    const { follower, say } = setUp();
    const stop = follower.follow('a', () => undefined);
    stop();
    const heard: string[] = [];
    follower.follow('a', () => { heard.push('new'); });
    stop();
    say('a');
    expect(heard).toEqual(['new']);
  });

  it('lets a follower stop while it is called, without skipping another', () => {
    const { follower, say } = setUp();
    const heard: string[] = [];
    const stop = follower.follow('a', () => { heard.push('first'); stop(); });
    follower.follow('a', () => { heard.push('second'); });
    say('a');
    say('a');
    expect(heard).toEqual(['first', 'second', 'second']);
  });

  it('needs one listener on the emitter for any number of tasks', () => {
    const { events, follower } = setUp();
    for (let index = 0; index < 1_000; index++) follower.follow(`task-${index}`, () => undefined);
    expect(events.listenerCount('*')).toBe(1);
  });
});
