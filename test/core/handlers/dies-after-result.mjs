export default {
  run() {
    // Runs after the result was written to the channel and before the host can have reacted to it.
    setImmediate(() => { process.kill(process.pid, 'SIGKILL'); });
    return { delivered: true };
  },
};
