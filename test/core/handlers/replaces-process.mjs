export default {
  run() {
    process.send = () => { throw new Error('replaced'); };
    process.exit = () => { throw new Error('replaced'); };
    process.kill = () => { throw new Error('replaced'); };
    process.on('exit', () => { for (;;); });
    return 'fine';
  },
};
