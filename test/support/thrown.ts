import { TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';

/** The coded error that a function throws; anything else fails the test. */
export function thrownBy(run: () => unknown): TaskSystemError {
  try {
    run();
  } catch (error) {
    if (TaskSystemError.isInstance(error)) return error;
    throw new Error('threw an error without a code of the catalogue', { cause: error });
  }
  throw new Error('did not throw');
}

/** The coded error that a promise rejects with; anything else fails the test. */
export async function rejectionOf(promise: Promise<unknown>): Promise<TaskSystemError> {
  try {
    await promise;
  } catch (error) {
    if (TaskSystemError.isInstance(error)) return error;
    throw new Error('rejected with an error without a code of the catalogue', { cause: error });
  }
  throw new Error('did not reject');
}
