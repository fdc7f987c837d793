// Imports a package, or nothing, and prints what that takes: node --expose-gc importPackage.mjs [package]
globalThis.gc();
const start = performance.now();
if (process.argv[2] !== undefined) await import(process.argv[2]);
const importMs = performance.now() - start;
globalThis.gc();
console.log(JSON.stringify({ importMs, rssMb: process.memoryUsage.rss() / 1e6 }));
