/**
 * Closes one part after the other, also when one before it failed.
 * @throws what the only failure was, or an AggregateError of them all.
 */
export async function closeAll(steps: readonly (() => void | Promise<void>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, 'several parts of the task system could not be closed');
}
