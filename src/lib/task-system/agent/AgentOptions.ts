import type { ModelMessage, ToolSet } from 'ai';
import type { TaskContext } from '../types/Handler.ts';
import type { LoopGuardOptions } from './LoopGuard.ts';
import type { PlanStep } from './Plan.ts';

/** The parts of a handler's context that an agent works with. */
export type AgentContext = Pick<TaskContext<unknown>, 'context' | 'log' | 'model' | 'progress' | 'signal' | 'subtasks' | 'tools'>;

/** What an agent is given. */
export interface AgentOptions {
  /** What it is and how it works, for the model; what the project's files say stands before it. @defaultValue none */
  readonly instructions?: string;
  /** What it shall do. Give this or `messages`. */
  readonly prompt?: string;
  /** The conversation so far. */
  readonly messages?: readonly ModelMessage[];
  /** Tools of the AI SDK that run in the task, by name. Their calls pass the policy. @defaultValue none */
  readonly tools?: ToolSet;
  /** Names of the tools of the library and the host that it gets (`tools.list()`), of those that the policy may allow. @defaultValue all */
  readonly useTools?: readonly string[];
  /** Types of the tasks that it may start as its own children, with `spawn_task` and `wait_tasks`. @defaultValue none */
  readonly subAgents?: readonly string[];
  /** Name of the model. @defaultValue 'default' */
  readonly model?: string;
  /** How many answers of the model there may be; in the last one it cannot call tools. @defaultValue 50 */
  readonly maxSteps?: number;
  /** What one request may take, in tokens; longer conversations are compacted. @defaultValue 100_000 */
  readonly maxTokens?: number;
  /** Tokens that are left free for the answer. @defaultValue 8_000 */
  readonly reserveTokens?: number;
  /** When it is told, refused and stopped that goes in circles. `false`: never. */
  readonly loopGuard?: LoopGuardOptions | false;
  /** Whether it keeps a plan, which is the progress of the task. @defaultValue true */
  readonly plan?: boolean;
  /** Whether its last words go into the project's memory, where the type may write there. @defaultValue true */
  readonly remember?: boolean;
}

/** What came of it. */
export interface AgentResult {
  /** Its last words. */
  readonly text: string;
  /** Whether it came to an end by itself, or had no steps left. */
  readonly finish: 'done' | 'steps';
  /** Answers of the model. */
  readonly steps: number;
  readonly toolCalls: number;
  /** Tokens of all answers, as the provider counts them. */
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number };
  readonly plan: readonly PlanStep[];
}
