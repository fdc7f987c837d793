module.exports = async function run() {
  return Number(process.hrtime.bigint()) / 1e6;
};
