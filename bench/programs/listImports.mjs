// Imports a package and prints every module that is loaded for it: node listImports.mjs <package>
import { createRequire, registerHooks } from 'node:module';

const imported = [];
registerHooks({ load: (url, context, next) => { imported.push(url); return next(url, context); } });
await import(process.argv[2]);
console.log(JSON.stringify({ loaded: [...imported, ...Object.keys(createRequire(import.meta.url).cache)] }));
