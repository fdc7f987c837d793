import { describe, expect, it } from 'vitest';
import { ModelGate, type GateSettings } from '../../src/lib/task-system/models/ModelGate.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';

const never = new AbortController().signal;

function make(settings: Partial<GateSettings> = {}): { readonly gate: ModelGate; readonly clock: FakeClock; readonly passed: number[]; readonly enter: (id: number, signal?: AbortSignal) => Promise<() => void> } {
  const clock = new FakeClock();
  const gate = new ModelGate({ maxParallel: 100, requestsPerMinute: false, ...settings }, clock);
  const passed: number[] = [];
  return { gate, clock, passed, enter: async (id, signal = never) => {
    const leave = await gate.enter(signal);
    passed.push(id);
    return leave;
  } };
}

/** Lets promises that are settled be heard. */
const settle = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

describe('ModelGate', () => {
  it('lets everybody in who finds room', async () => {
    const { enter, passed, gate } = make();
    await Promise.all([enter(1), enter(2)]);
    expect([passed, gate.waiting]).toEqual([[1, 2], 0]);
  });

  it('lets in no more than may be inside, the others in order', async () => {
    const { enter, passed, gate } = make({ maxParallel: 1 });
    const leave = await enter(1);
    const second = enter(2);
    const third = enter(3);
    await settle();
    expect([passed, gate.waiting]).toEqual([[1], 2]);
    leave();
    (await second)();
    await third;
    expect(passed).toEqual([1, 2, 3]);
  });

  it('lets so many begin within a minute', async () => {
    const { enter, passed, clock } = make({ requestsPerMinute: 2 });
    await enter(1);
    clock.advance(20_000);
    await enter(2);
    const third = enter(3);
    clock.advance(39_999);
    await settle();
    expect(passed).toEqual([1, 2]);
    clock.advance(1);
    await third;
    expect(passed).toEqual([1, 2, 3]);
  });

  it('counts a turn from its beginning, not from its end', async () => {
    const { enter, clock, passed } = make({ requestsPerMinute: 1 });
    (await enter(1))();
    clock.advance(60_000);
    await enter(2);
    expect(passed).toEqual([1, 2]);
  });

  it('keeps everybody out while it is closed', async () => {
    const { gate, enter, passed, clock } = make();
    gate.close(5_000);
    const first = enter(1);
    clock.advance(4_999);
    await settle();
    expect(passed).toEqual([]);
    clock.advance(1);
    await first;
  });

  it('stays closed for the longest time that was asked for', async () => {
    const { gate, enter, passed, clock } = make();
    gate.close(5_000);
    gate.close(1_000);
    const first = enter(1);
    clock.advance(1_000);
    await settle();
    expect(passed).toEqual([]);
    clock.advance(4_000);
    await first;
  });

  it('lets go of who does not wait any more', async () => {
    const { gate, enter, passed } = make({ maxParallel: 1 });
    const leave = await enter(1);
    const controller = new AbortController();
    const second = enter(2, controller.signal);
    const third = enter(3);
    controller.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    expect(gate.waiting).toBe(1);
    leave();
    await third;
    expect(passed).toEqual([1, 3]);
  });

  it('keeps the place of who goes a moment after being let in, until it is given back', async () => {
    const { gate, enter, passed } = make({ maxParallel: 1 });
    const leave = await enter(1);
    const controller = new AbortController();
    const second = gate.enter(controller.signal);
    const third = enter(3);
    leave();
    controller.abort(new Error('gone'));
    const leaveSecond = await second;
    await settle();
    expect(passed).toEqual([1]);
    leaveSecond();
    await third;
    expect(passed).toEqual([1, 3]);
  });

  it('turns away who has gone already', async () => {
    const { gate } = make();
    await expect(gate.enter(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(gate.waiting).toBe(0);
  });

  it('leaves no timer behind when nobody waits', async () => {
    const { gate, enter, clock } = make();
    gate.close(1_000);
    const first = enter(1);
    clock.advance(1_000);
    await first;
    expect(clock.pendingTimers).toBe(0);
  });
});
