export default { run: ({ input }) => 'r'.repeat(input.bytes) };
