import { jsonSchema, tool, type Tool, type ToolSet } from 'ai';
import { TaskSystemError } from '../types/Errors.ts';
import { messageOf } from '../types/messageOf.ts';
import type { AgentContext, AgentOptions } from './AgentOptions.ts';
import type { LoopGuard } from './LoopGuard.ts';
import type { Plan } from './Plan.ts';
import { SubAgents } from './SubAgents.ts';

type Execute = NonNullable<Tool['execute']>;

/** The tools of one agent, each behind the policy and the guard. */
export class AgentTools {
  readonly set: ToolSet;
  readonly #guard: LoopGuard | undefined;
  /** What ends the run, since no further call could succeed. */
  #fatal: TaskSystemError | undefined;
  #calls = 0;

  private constructor(guarded: ToolSet, free: ToolSet, guard: LoopGuard | undefined) {
    this.#guard = guard;
    const set: ToolSet = { ...free };
    for (const [name, each] of Object.entries(guarded)) set[name] = each.execute === undefined ? each : { ...each, execute: this.#watched(name, each.execute) };
    this.set = set;
  }

  /** Those of the handler, of the library and of the host, and the agent's own. */
  static async gather(context: AgentContext, { tools = {}, useTools, subAgents = [], plan: hasPlan = true }: AgentOptions, guard: LoopGuard | undefined, plan: Plan): Promise<AgentTools> {
    const own = context.tools.wrap(tools);
    const listed = (await context.tools.list()).filter(({ name }) => useTools?.includes(name) ?? true);
    const shared = Object.fromEntries(listed.filter(({ name }) => !Object.hasOwn(own, name)).map(({ modelName, description, inputSchema, execute }) => (
      [modelName, tool({ description, inputSchema, execute: (input: unknown, { abortSignal }) => execute(input, { abortSignal }) })]
    )));
    const free = { ...(hasPlan ? { update_plan: planTool(plan) } : {}), ...(subAgents.length > 0 ? new SubAgents(context, subAgents).tools : {}) };
    return new AgentTools({ ...shared, ...own }, free, guard);
  }

  /** Calls that were made. */
  get calls(): number {
    return this.#calls;
  }

  get fatal(): TaskSystemError | undefined {
    return this.#fatal;
  }

  /** What goes wrong in a tool is for the model to read; what can never go right again ends the run. */
  #watched(name: string, execute: Execute): Execute {
    return async (input: unknown, options) => {
      const refusal = this.#guard?.refusal(name, input);
      if (refusal !== undefined) throw new TaskSystemError('AGENT_LOOP', refusal);
      this.#calls++;
      try {
        const output: unknown = await execute(input, options);
        this.#guard?.note(name, input, output, false);
        return output;
      } catch (error) {
        this.#guard?.note(name, input, messageOf(error), true);
        if (TaskSystemError.isInstance(error) && error.code === 'BUDGET_SPENT') this.#fatal ??= error;
        throw error;
      }
    };
  }
}

function planTool(plan: Plan): Tool {
  return tool({
    description: 'Writes down the plan: all steps with their status, every time. People see it as the progress of the task.',
    inputSchema: jsonSchema<{ readonly steps: readonly { readonly text: string; readonly status: string }[] }>({
      type: 'object', required: ['steps'], additionalProperties: false,
      properties: {
        steps: {
          type: 'array', maxItems: 50,
          items: { type: 'object', required: ['text', 'status'], additionalProperties: false, properties: { text: { type: 'string' }, status: { type: 'string', enum: ['pending', 'in_progress', 'done'] } } },
        },
      },
    }),
    execute: (input) => plan.update(readSteps(input)),
  });
}

/** Models send what they like: what is no step is left out. */
function readSteps(input: unknown): { readonly steps: readonly { readonly text: string; readonly status: string }[] } {
  const steps: unknown = typeof input === 'object' && input !== null && 'steps' in input ? input.steps : undefined;
  if (!Array.isArray(steps)) throw new TypeError('steps: expected a list of { text, status }');
  return { steps: steps.filter(isStep) };
}

function isStep(step: unknown): step is { readonly text: string; readonly status: string } {
  return typeof step === 'object' && step !== null && 'text' in step && typeof step.text === 'string' && 'status' in step && typeof step.status === 'string';
}
