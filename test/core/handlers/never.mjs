export default { run: () => new Promise(() => undefined) };
