export default {
  run({ input }) {
    const error = new RangeError('the handler broke', { cause: new Error('deep down') });
    error.code = 'E_BROKE';
    if (input?.final === true) error.retryable = false;
    throw error;
  },
};
