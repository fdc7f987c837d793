process.once('message', () => { process.send(process.pid, () => { process.disconnect(); }); });
