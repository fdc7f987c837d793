import module from 'node:module';

/** Whether its process reads compiled code, and what it is told of that. */
export default {
  run() {
    return { folder: module.getCompileCacheDir?.() ?? null, variable: process.env.NODE_COMPILE_CACHE ?? null };
  },
};
