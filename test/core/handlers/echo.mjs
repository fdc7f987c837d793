export default { run: ({ input }) => input };
