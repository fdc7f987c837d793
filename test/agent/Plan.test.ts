import { describe, expect, it } from 'vitest';
import { Plan } from '../../src/lib/task-system/agent/Plan.ts';

function make(): { readonly plan: Plan; readonly reports: unknown[][] } {
  const reports: unknown[][] = [];
  return { reports, plan: new Plan((...report) => { reports.push(report); }) };
}

const step = (text: string, status: string): { readonly text: string; readonly status: string } => ({ text, status });

describe('Plan', () => {
  it('is the progress of the task: steps done of steps planned', () => {
    const { plan, reports } = make();
    expect(plan.update({ steps: [step('look', 'done'), step('mend', 'in_progress'), step('test', 'pending'), step('tell', 'pending')] })).toBe('1 of 4 steps are done');
    expect(reports).toEqual([[25, 'mend', { plan: plan.steps }]]);
  });

  it('names the next step when none is under way', () => {
    const { plan, reports } = make();
    plan.update({ steps: [step('look', 'done'), step('mend', 'pending')] });
    expect(reports[0]?.slice(0, 2)).toEqual([50, 'mend']);
  });

  it('is at its end when all steps are done', () => {
    const { plan, reports } = make();
    plan.update({ steps: [step('look', 'done')] });
    expect(reports[0]?.slice(0, 2)).toEqual([100, 'all steps are done']);
  });

  it('may be empty', () => {
    const { plan, reports } = make();
    expect(plan.update({ steps: [] })).toBe('0 of 0 steps are done');
    expect(reports[0]?.[0]).toBe(0);
  });

  it('may get shorter: progress goes back honestly', () => {
    const { plan, reports } = make();
    plan.update({ steps: [step('a', 'done'), step('b', 'pending')] });
    plan.update({ steps: [step('c', 'pending')] });
    expect(reports.map(([percent]) => percent)).toEqual([50, 0]);
  });

  it('has at most 50 steps of 200 characters', () => {
    const { plan } = make();
    expect(plan.update({ steps: Array.from({ length: 60 }, () => step('x'.repeat(300), 'pending')) })).toContain('the rest was left out');
    expect([plan.steps.length, plan.steps[0]?.text.length]).toEqual([50, 200]);
  });

  it('takes a status that it does not know for pending', () => {
    const { plan } = make();
    plan.update({ steps: [step('a', 'almost')] });
    expect(plan.steps).toEqual([{ text: 'a', status: 'pending' }]);
  });
});
