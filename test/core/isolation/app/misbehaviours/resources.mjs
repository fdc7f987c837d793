import { spawnSync } from 'node:child_process';
import { openSync, truncateSync, watch, writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { gunzipSync, gzipSync } from 'node:zlib';

const MIB = 1_048_576;
const never = () => new Promise(() => undefined);

/** What takes more than there is for it. */
export const resourceMisbehaviours = {
  buffers: () => {
    const kept = [];
    for (;;) kept.push(Buffer.alloc(4 * MIB, 1));
  },
  'the heap': () => {
    const kept = [];
    for (;;) kept.push(Array.from({ length: 10_000 }, (_, index) => ({ index })));
  },
  strings: () => {
    const kept = [];
    for (let round = 0; ; round++) kept.push(`${round}${'x'.repeat(MIB)}`.split('').join('-'));
  },
  WebAssembly: () => {
    const kept = [];
    for (;;) {
      const memory = new WebAssembly.Memory({ initial: 256 });
      new Uint8Array(memory.buffer).fill(1);
      kept.push(memory);
    }
  },
  JSON: () => {
    const text = `[${'[1],'.repeat(20_000_000)}0]`;
    return String(JSON.parse(text).length);
  },
  'a small archive of much': () => {
    const bomb = gzipSync(Buffer.alloc(300 * MIB));
    const kept = [];
    for (;;) kept.push(gunzipSync(bomb).fill(1));
  },
  threads: () => {
    for (let thread = 0; thread < 200; thread++) new Worker('setInterval(() => 0, 1000)', { eval: true });
    return never();
  },
  'a loop': () => { for (;;); },
  'a loop that catches SIGXCPU': () => {
    process.on('SIGXCPU', () => undefined);
    for (;;);
  },
  'many short loops': () => {
    for (;;) {
      const { error } = spawnSync('/bin/sh', ['-c', 'i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done']);
      if (error) throw error;
    }
  },
  'an expression that backtracks': () => String(/^(a+)+$/.test(`${'a'.repeat(40)}!`)),
  sleep: () => never(),
  'a file of a terabyte': ({ workspace }) => {
    writeFileSync(workspace.resolve('sparse'), '');
    truncateSync(workspace.resolve('sparse'), 1e12);
    return 'GREW';
  },
  'open files': ({ workspace }) => {
    for (let opened = 0; opened < 10_000; opened++) openSync(workspace.resolve('one'), 'w');
    return 'OPENED';
  },
  watches: async ({ workspace }) => {
    const { promise, reject } = Promise.withResolvers();
    for (let watched = 0; watched < 10_000; watched++) {
      const watcher = watch(workspace.path);
      watcher.once('error', reject);
      // One watch needs no descriptor of its own.
      openSync(workspace.resolve('one'), 'w');
    }
    return promise;
  },
};
