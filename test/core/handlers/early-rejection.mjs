export default {
  run() {
    void Promise.reject(new TypeError('nobody listens'));
    return new Promise(() => undefined);
  },
};
