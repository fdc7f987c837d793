import { defineTask } from 'task-system/task';

interface Sum { readonly sum: number }

export default defineTask({
  run({ input, log }): Sum {
    const numbers: readonly unknown[] = Array.isArray(input) ? input : [];
    log.info(`adding ${String(numbers.length)} numbers`);
    return { sum: numbers.reduce<number>((sum, value) => sum + Number(value), 0) };
  },
});
