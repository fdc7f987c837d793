/** Makes payments, one after the other or all at once, and returns what came of each. */
export default {
  async run({ input: { payments, atOnce = false, child }, tools, subtasks, log }) {
    const pay = (payment) => tools.call('pay', payment).catch(({ code, message }) => ({ code, message }));
    if (child !== undefined) return (await subtasks.spawn({ type: child, input: { payments } })).result();
    if (atOnce) return Promise.all(payments.map(pay));
    const results = [];
    for (const payment of payments) {
      results.push(await pay(payment));
      log.info(`payment ${results.length} done`);
    }
    return results;
  },
};
