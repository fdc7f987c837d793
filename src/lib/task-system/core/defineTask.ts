import type { TaskDefinition } from '../types/Handler.ts';
import type { StandardSchema } from '../types/StandardSchema.ts';

/**
 * Declares the handler of a task type; a handler module default-exports what this returns.
 * It changes nothing: it gives `input` its type from the schema, and `run` its context.
 */
export function defineTask<Result, Schema extends StandardSchema | undefined = undefined>(
  definition: TaskDefinition<Schema, Result>,
): TaskDefinition<Schema, Result> {
  return definition;
}
