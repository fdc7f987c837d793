export default {
  run() {
    setImmediate(() => { void Promise.reject(new Error('too late')); });
    process.nextTick(() => { void Promise.reject(new Error('also late')); });
    return 'returned first';
  },
};
