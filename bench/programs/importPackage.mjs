// Imports a package, or nothing, and prints what that takes: node --expose-gc importPackage.mjs [package] [factory]
// A factory is called without options, which it must refuse: by then it has loaded what it needs for a first use.
globalThis.gc();
const start = performance.now();
const [name, factory] = process.argv.slice(2);
const loaded = name === undefined ? {} : await import(name);
if (factory !== undefined) await loaded[factory]().then(() => { throw new Error(`${factory} took no options for options`); }, () => undefined);
const importMs = performance.now() - start;
globalThis.gc();
console.log(JSON.stringify({ importMs, rssMb: process.memoryUsage.rss() / 1e6 }));
