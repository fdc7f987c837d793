export default {
  run({ log }) {
    log.info('spinning');
    return new Promise((resolve) => { setImmediate(() => { for (;;) resolve(); }); });
  },
};
