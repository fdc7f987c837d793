process.once('message', ({ messages }) => {
  for (let index = 0; index < messages; index++) process.send({ type: 'log', level: 'info', text: 'a line as handlers write them', data: { index } });
  process.send({ type: 'result', json: String(messages) }, () => { process.disconnect(); });
});
