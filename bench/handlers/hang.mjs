/** Does nothing until it is stopped. */
export default {
  run: ({ signal, log }) => new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => { reject(signal.reason); });
    log.info('up');
  }),
};
