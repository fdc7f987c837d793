export default {
  run({ log }) {
    process.on('SIGTERM', () => undefined);
    process.on('SIGINT', () => undefined);
    log.info('ignoring');
    return new Promise(() => undefined);
  },
};
