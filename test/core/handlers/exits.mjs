export default {
  run({ input }) {
    console.error('last words');
    process.exit(input.code);
  },
};
