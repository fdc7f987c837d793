// The same as an ES module. Numbers of processes repeat in sandboxes; the nanosecond at which a process loads this does not.
const loaded = String(process.hrtime.bigint());

export default {
  run() {
    return loaded;
  },
};
