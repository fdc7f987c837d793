process.send(Number(process.hrtime.bigint()) / 1e6);
