export default {
  run({ input, log }) {
    for (let index = 0; index < input.messages; index++) log.info('a line as handlers write them', { index });
    return input.messages;
  },
};
