/**
 * A node of a tree. Input: `children` (inputs of children of the same type), `mode` (how it waits for them), `fail`, `hang`, `value`.
 * The result tells what it saw.
 */
export default {
  async run({ input, subtasks, task, signal, progress, log }) {
    const { children = [], mode, fail, hang, value = 'leaf', options = {} } = input;
    log.info(`run ${value} ${String(task.attempt)}`);
    if (input.percent !== undefined) progress(input.percent);
    if (input.turns !== undefined) for (let turn = 0; turn < input.turns; turn++) await new Promise((resolve) => { setImmediate(resolve); });
    const spawned = [];
    for (const child of children) spawned.push(await subtasks.spawn({ type: child.type ?? 'tree', input: child, ...child.submit, ...options }));
    if (hang) await new Promise((_resolve, reject) => { signal.addEventListener('abort', () => { reject(signal.reason); }); });
    if (fail === true || (typeof fail === 'number' && task.attempt <= fail)) throw new Error(`${value} fails`);
    switch (mode) {
      case 'all': return { value, all: await subtasks.all() };
      case 'any': return { value, any: await subtasks.any() };
      case 'settled': return { value, settled: (await subtasks.settled()).map(({ state, result, error }) => result ?? `${state}: ${error.code}`) };
      case 'each': return { value, each: await Promise.all(spawned.map((child) => child.result())) };
      case 'catch': return { value, each: await Promise.all(spawned.map((child) => child.result().catch((error) => `${error.code} ${error.cause?.message}`))) };
      default: return value;
    }
  },
};
