// CommonJS, as what the peers start. Numbers of processes repeat in sandboxes, and two can load this in the same nanosecond.
const loaded = `${process.hrtime.bigint()} ${Math.random()}`;

module.exports = {
  run() {
    return loaded;
  },
};
