process.once('disconnect', () => { process.exit(); });
function burn() {
  let sum = 0;
  for (let step = 0; step < 5_000_000; step++) sum += Math.sqrt(step);
  setImmediate(burn);
  return sum;
}
burn();
