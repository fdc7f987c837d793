// The same as an ES module. Numbers of processes repeat in sandboxes, and two can load this in the same nanosecond.
const loaded = `${process.hrtime.bigint()} ${Math.random()}`;

export default {
  run() {
    return loaded;
  },
};
