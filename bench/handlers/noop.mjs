export default {
  run() {
    return process.pid;
  },
};
