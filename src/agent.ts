/**
 * Agents for handlers: the loop of the AI SDK with the models, tools, budgets and sub-tasks of a task. Needs the package `ai`.
 * @module
 */
export { runAgent } from './lib/task-system/agent/runAgent.ts';
export type { AgentContext, AgentOptions, AgentResult } from './lib/task-system/agent/AgentOptions.ts';
export { LoopGuard, type LoopGuardOptions } from './lib/task-system/agent/LoopGuard.ts';
export type { PlanStep } from './lib/task-system/agent/Plan.ts';
