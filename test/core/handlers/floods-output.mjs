export default {
  async run({ input }) {
    const block = `${'x'.repeat(1023)}\n`.repeat(1024);
    for (let written = 0; written < input.megabytes; written++) {
      if (!process.stdout.write(block)) await new Promise((resolve) => { process.stdout.once('drain', resolve); });
    }
    return 'done';
  },
};
