import type { JsonValue } from '../types/Json.ts';

/** A step of a plan. */
export interface PlanStep {
  readonly text: string;
  readonly status: 'pending' | 'in_progress' | 'done';
}

/** Reports progress. */
export type ReportProgress = (percent: number, message?: string, data?: JsonValue) => void;

const MAX_STEPS = 50;
const MAX_TEXT = 200;
const PERCENT = 100;
const STATUSES = ['pending', 'in_progress', 'done'] as const;

/** The plan that the model keeps; it is the progress of the task: steps done of steps planned. */
export class Plan {
  readonly #report: ReportProgress;
  #steps: readonly PlanStep[] = [];

  constructor(report: ReportProgress) {
    this.#report = report;
  }

  get steps(): readonly PlanStep[] {
    return this.#steps;
  }

  /** Takes what the model sent, cut to what a plan may be. @returns what it is told. */
  update(input: { readonly steps: readonly { readonly text: string; readonly status: string }[] }): string {
    this.#steps = input.steps.slice(0, MAX_STEPS).map(({ text, status }) => ({ text: text.slice(0, MAX_TEXT), status: STATUSES.find((known) => known === status) ?? 'pending' }));
    const done = this.#steps.filter(({ status }) => status === 'done').length;
    const current = this.#steps.find(({ status }) => status === 'in_progress') ?? this.#steps.find(({ status }) => status === 'pending');
    const percent = this.#steps.length === 0 ? 0 : (done / this.#steps.length) * PERCENT;
    this.#report(percent, current?.text ?? 'all steps are done', { plan: this.#steps.map(({ text, status }) => ({ text, status })) });
    const rest = input.steps.length > MAX_STEPS ? `; a plan has at most ${String(MAX_STEPS)} steps, the rest was left out` : '';
    return `${String(done)} of ${String(this.#steps.length)} steps are done${rest}`;
  }
}
