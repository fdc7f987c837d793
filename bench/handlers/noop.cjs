// CommonJS, as what the peers start. Numbers of processes repeat in sandboxes; the nanosecond at which a process loads this does not.
const loaded = String(process.hrtime.bigint());

module.exports = {
  run() {
    return loaded;
  },
};
