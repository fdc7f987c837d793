import { isStepCount, ToolLoopAgent, type ModelMessage, type ToolSet } from 'ai';
import { TaskSystemError } from '../types/Errors.ts';
import type { AgentContext, AgentOptions, AgentResult } from './AgentOptions.ts';
import { AgentTools } from './AgentTools.ts';
import { LoopGuard } from './LoopGuard.ts';
import { Plan } from './Plan.ts';

const MAX_STEPS = 50;
const MAX_TOKENS = 100_000;
const RESERVE_TOKENS = 8_000;
const MAX_MEMORY = 400;
const LAST_STEP = 'This is your last answer: you cannot call tools any more. Say what you have done and what is left to do.';
const PLANNING = 'Keep a plan with update_plan: before you begin, and whenever a step is done.';

/**
 * Lets a model work with tools until it is done: the loop is the AI SDK's own. The conversation is kept within a budget of tokens, every
 * call of a tool passes the policy, who goes in circles is stopped.
 * @throws TaskSystemError `AGENT_LOOP`, `BUDGET_SPENT`, `CONTEXT_TOO_SMALL`, or a `MODEL_…` code.
 */
export async function runAgent(context: AgentContext, options: AgentOptions): Promise<AgentResult> {
  const { maxSteps = MAX_STEPS, loopGuard = {} } = options;
  const guard = loopGuard === false ? undefined : new LoopGuard(loopGuard);
  const plan = new Plan(context.progress);
  const tools = await AgentTools.gather(context, options, guard, plan);
  const agent = new ToolLoopAgent({
    model: context.model(options.model, { isTurn: true }),
    tools: tools.set,
    maxRetries: 0,
    stopWhen: [isStepCount(maxSteps), () => guard?.verdict !== undefined || tools.fatal !== undefined],
    prepareStep: ({ messages, stepNumber }) => prepareStep(context, options, { messages, isLast: stepNumber >= maxSteps - 1, tools: tools.set, warning: guard?.warning }),
  });
  const streamed = await agent.stream({ ...promptOf(options), abortSignal: context.signal });
  for await (const part of streamed.stream) if (part.type === 'error') throw part.error;
  context.signal.throwIfAborted();
  if (tools.fatal !== undefined) throw tools.fatal;
  if (guard?.verdict !== undefined) throw new TaskSystemError('AGENT_LOOP', guard.verdict);
  const [text, steps, usage, reason] = await Promise.all([streamed.text, streamed.steps, streamed.usage, streamed.finishReason]);
  if (options.remember ?? true) await remember(context, text);
  return {
    text, steps: steps.length, toolCalls: tools.calls, plan: plan.steps,
    finish: steps.length >= maxSteps && reason !== 'stop' ? 'steps' : 'done',
    usage: { inputTokens: usage.inputTokens ?? 0, outputTokens: usage.outputTokens ?? 0 },
  };
}

interface Step {
  readonly messages: readonly ModelMessage[];
  readonly isLast: boolean;
  readonly tools: ToolSet;
  readonly warning: string | undefined;
}

/** What the model gets to see: the conversation within its budget, and what it has to be told just now. */
async function prepareStep({ context }: AgentContext, options: AgentOptions, { messages, isLast, tools, warning }: Step): Promise<{ readonly instructions: string; readonly messages: ModelMessage[]; readonly activeTools?: [] }> {
  const { instructions = '', maxTokens = MAX_TOKENS, reserveTokens = RESERVE_TOKENS, plan = true } = options;
  const prepared = await context.prepare(messages, { maxTokens, reserveTokens, tools: definitionsOf(tools) });
  const said = [prepared.instructions, instructions, plan ? PLANNING : '', warning ?? '', isLast ? LAST_STEP : ''].filter((part) => part !== '');
  return { instructions: said.join('\n\n'), messages: [...prepared.messages], ...(isLast ? { activeTools: [] } : {}) };
}

/** What the tools add to a request; functions and schemas of libraries are not sent. */
function definitionsOf(tools: ToolSet): unknown {
  return Object.entries(tools).map(([name, { description, inputSchema }]) => ({ name, description: typeof description === 'string' ? description : '', inputSchema: 'type' in inputSchema ? inputSchema : {} }));
}

function promptOf({ prompt, messages }: AgentOptions): { readonly prompt: string } | { readonly messages: ModelMessage[] } {
  return messages === undefined ? { prompt: prompt ?? '' } : { messages: [...messages, ...(prompt === undefined ? [] : [{ role: 'user' as const, content: prompt }])] };
}

/** A type that may not write to the memory has an agent all the same. */
async function remember({ context, log }: AgentContext, text: string): Promise<void> {
  const summary = text.replaceAll(/\s+/g, ' ').trim().slice(0, MAX_MEMORY);
  if (summary === '') return;
  try {
    await context.remember(summary);
  } catch (error) {
    if (!TaskSystemError.isInstance(error)) throw error;
    log.debug(`nothing was remembered: ${error.message}`);
  }
}
