/** Knows a key, and tells it in every way that a task has. */
export default {
  async run({ input, progress, log, context }) {
    const { KEY } = process.env;
    console.log(`the key is ${KEY}`);
    // In two pieces, and in the middle of a line that is too long to be told at once.
    process.stderr.write('x'.repeat(8_190) + KEY.slice(0, 5));
    await new Promise((resolve) => { setImmediate(resolve); });
    process.stderr.write(`${KEY.slice(5)}\n`);
    log.info(`with ${KEY}`, { [KEY]: [KEY, { inner: encodeURIComponent(KEY) }] });
    progress(50, KEY, { header: Buffer.from(KEY).toString('base64') });
    await context.remember(`never forget ${KEY}`);
    if (input.fails) throw Object.assign(new Error(`cannot log in with ${KEY}`, { cause: { KEY } }), { code: KEY });
    return { key: KEY, list: [JSON.stringify({ KEY })], summary: `used ${KEY}` };
  },
};
