export default {
  run({ progress, log }) {
    for (let percent = 0; percent <= 100; percent++) progress(percent, `at ${percent}`, { percent });
    log.warn('careful', { depth: 1 });
    console.log('to stdout');
    console.error('to stderr');
    return 'reported';
  },
};
