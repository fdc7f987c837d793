export default {
  run() {
    return Number(process.hrtime.bigint()) / 1e6;
  },
};
