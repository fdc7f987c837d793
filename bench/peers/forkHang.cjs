process.on('message', () => {});
process.send({ up: true });
