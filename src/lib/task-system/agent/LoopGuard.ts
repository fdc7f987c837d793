import { stringifyJson } from '../types/Json.ts';
import { isRecord } from '../types/isRecord.ts';

/** After how many repetitions something happens. */
export interface LoopGuardOptions {
  /** The model is told. @defaultValue 3 */
  readonly warnAt?: number;
  /** Further calls of this kind are refused. @defaultValue 5 */
  readonly blockAt?: number;
  /** The run ends with `AGENT_LOOP`. @defaultValue 8 */
  readonly stopAt?: number;
}

/** A call as it ended. */
interface Made {
  readonly tool: string;
  /** The call as it is. */
  readonly exact: string;
  /** The call without what a model changes to look busy: numbers, spaces, capitals. */
  readonly rough: string;
  readonly result: string;
  readonly isError: boolean;
}

/** How often something was repeated, what, and the calls that would go on with it. */
interface Repetition {
  readonly count: number;
  readonly calls: readonly Made[];
  readonly what: string;
}

/** How many calls are remembered. */
const HISTORY = 60;
/** Calls that only look alike may be work after all: they get more time. */
const ROUGH_FACTOR = 2;

/**
 * Watches the calls of an agent for work that leads nowhere: the same call with the same result, calls that differ in a number or a
 * space only, two calls in turns, one failure after another. First the model is told, then such calls are refused, then the run ends.
 */
export class LoopGuard {
  readonly #warnAt: number;
  readonly #blockAt: number;
  readonly #stopAt: number;
  readonly #made: Made[] = [];
  #refused = 0;

  constructor({ warnAt = 3, blockAt = 5, stopAt = 8 }: LoopGuardOptions = {}) {
    this.#warnAt = warnAt;
    this.#blockAt = blockAt;
    this.#stopAt = stopAt;
  }

  /** Why a call is refused; undefined when it may be made. */
  refusal(tool: string, input: unknown): string | undefined {
    const [exact, rough] = [exactOf(tool, input), roughOf(tool, input)];
    const found = this.#worst().find(({ count, calls }) => count >= this.#blockAt && calls.some((call) => call.exact === exact || call.rough === rough));
    if (found === undefined) return undefined;
    this.#refused++;
    return `${found.what}. It will be the same again: do something else, or say why you cannot go on`;
  }

  /** Takes note of a call that was made. */
  note(tool: string, input: unknown, result: unknown, isError: boolean): void {
    const text = textOf(result);
    this.#made.push({ tool, exact: exactOf(tool, input), rough: roughOf(tool, input), result: text, isError });
    if (this.#made.length > HISTORY) this.#made.shift();
    // Something new has come out: what was refused before counts no more.
    if (!isError && !this.#made.slice(0, -1).some((made) => made.result === text)) this.#refused = 0;
  }

  /** What the model should be told before it goes on; undefined when nothing is wrong. */
  get warning(): string | undefined {
    const worst = this.#worst()[0];
    return worst === undefined || worst.count < this.#warnAt ? undefined : `You are going in circles: ${worst.what}. Change your approach.`;
  }

  /** Why the run has to end; undefined when it may go on. */
  get verdict(): string | undefined {
    const worst = this.#worst()[0];
    if (worst !== undefined && worst.count >= this.#stopAt) return worst.what;
    // Who is refused again and again does not listen.
    const refusals = this.#stopAt - this.#blockAt;
    return this.#refused >= Math.max(1, refusals) && worst !== undefined ? `${worst.what}, and it goes on although such calls are refused` : undefined;
  }

  /** All repetitions that end with the last call, the worst first. */
  #worst(): readonly Repetition[] {
    const last = this.#made.at(-1);
    if (last === undefined) return [];
    const all = [this.#same(last), this.#alike(last), this.#pingPong(last), this.#failures()];
    return all.filter(({ count }) => count > 1).sort((left, right) => right.count - left.count);
  }

  #same(last: Made): Repetition {
    const count = this.#made.filter(({ exact, result }) => exact === last.exact && result === last.result).length;
    return { count, calls: [last], what: `${last.tool} was called ${String(count)} times with the same input, and gave the same result` };
  }

  #alike(last: Made): Repetition {
    const count = this.#made.filter(({ rough, result }) => rough === last.rough && result === last.result).length;
    return { count: Math.floor(count / ROUGH_FACTOR), calls: [last], what: `${last.tool} was called ${String(count)} times with nearly the same input, and gave the same result` };
  }

  /** Rounds of two calls that take turns, each with the same result as the time before. */
  #pingPong(last: Made): Repetition {
    const other = this.#made.at(-2);
    if (other === undefined || last.exact === other.exact) return { count: 0, calls: [], what: '' };
    let steps = 0;
    while (this.#isStep(steps, steps % 2 === 0 ? last : other)) steps++;
    return { count: Math.floor(steps / 2), calls: [last, other], what: `${other.tool} and ${last.tool} were called in turns, and gave the same results` };
  }

  /** No single call is to blame: these only end the run. */
  #failures(): Repetition {
    const count = this.#made.length - 1 - this.#made.findLastIndex(({ isError }) => !isError);
    return { count: Math.floor(count / ROUGH_FACTOR), calls: [], what: `the last ${String(count)} calls have failed` };
  }

  #isStep(back: number, expected: Made): boolean {
    const made = this.#made.at(-1 - back);
    return made?.exact === expected.exact && made.result === expected.result;
  }
}

function exactOf(tool: string, input: unknown): string {
  return `${tool} ${textOf(input)}`;
}

function roughOf(tool: string, input: unknown): string {
  return `${tool} ${textOf(input).toLowerCase().replaceAll(/\d+/g, '0').replaceAll(/(?:\\[nrt]|[\s_.-])+/g, ' ')}`;
}

/** The same text for the same value, whatever the order of its keys. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return stringifyJson(value, (_key, inner) => (isRecord(inner) ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1))) : inner)) ?? 'nothing';
}
