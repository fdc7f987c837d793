import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canTransition, isTerminal, stateDiagram, TASK_STATES, transition, TRANSITIONS, type TaskState } from '../../src/lib/task-system/types/TaskState.ts';
import { thrownBy } from '../support/thrown.ts';

const MOVES: readonly (readonly [TaskState, TaskState])[] = [
  ['queued', 'running'], ['queued', 'waiting'], ['queued', 'failed'], ['queued', 'cancelled'],
  ['running', 'completed'], ['running', 'failed'], ['running', 'cancelled'], ['running', 'queued'], ['running', 'waiting'],
  ['waiting', 'running'], ['waiting', 'queued'], ['waiting', 'completed'], ['waiting', 'failed'], ['waiting', 'cancelled'],
];
const PAIRS = TASK_STATES.flatMap((from) => TASK_STATES.map((to) => [from, to] as const));
const ILLEGAL = PAIRS.filter(([from, to]) => !MOVES.some(([a, b]) => a === from && b === to));

describe('transition', () => {
  it.each(MOVES)('goes from %s to %s', (from, to) => {
    expect(transition('t', from, to)).toBe(to);
  });

  it.each(ILLEGAL)('refuses to go from %s to %s', (from, to) => {
    const error = thrownBy(() => transition('task-9', from, to));
    expect(error.code).toBe('TASK_ILLEGAL_TRANSITION');
    expect(error.details).toEqual({ taskId: 'task-9', from, to });
  });

  it('never leaves a final state, whatever is asked of a task', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom(...TASK_STATES), { maxLength: 30 }), (commands) => {
      let state: TaskState = 'queued';
      let final: TaskState | undefined;
      for (const target of commands) {
        if (canTransition(state, target)) state = transition('t', state, target);
        else thrownBy(() => transition('t', state, target));
        if (final !== undefined) expect(state).toBe(final);
        if (isTerminal(state)) final = state;
      }
    }));
  });

  it('lets every task end, from every state that is not final', () => {
    for (const state of TASK_STATES.filter((candidate) => !isTerminal(candidate))) {
      expect(TRANSITIONS[state]).toEqual(expect.arrayContaining(['failed', 'cancelled']));
    }
  });
});

describe('isTerminal', () => {
  it.each([['queued', false], ['running', false], ['waiting', false], ['completed', true], ['failed', true], ['cancelled', true]] as const)('of %s is %s', (state, expected) => {
    expect(isTerminal(state)).toBe(expected);
  });
});

describe('stateDiagram', () => {
  it('shows the start, every move and every end, and nothing else', () => {
    const lines = stateDiagram().split('\n').map((line) => line.trim());
    const ends = TASK_STATES.filter(isTerminal).map((state) => `${state} --> [*]`);
    expect(lines.toSorted()).toEqual(['stateDiagram-v2', '[*] --> queued', ...MOVES.map(([from, to]) => `${from} --> ${to}`), ...ends].sort());
  });
});
