/** Computes until it is told to stop, looking up now and then as a long task should. */
export default {
  async run({ signal }) {
    let sum = 0;
    while (!signal.aborted) {
      for (let step = 0; step < 5_000_000; step++) sum += Math.sqrt(step);
      await new Promise((resolve) => { setImmediate(resolve); });
    }
    return sum;
  },
};
