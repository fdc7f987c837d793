import { execFile, execFileSync } from 'node:child_process';
import http from 'node:http';
import https from 'node:https';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { text } from 'node:stream/consumers';

const run = promisify(execFile);

/** The ways in which a task may ask for an address; each gives the text of the response, or throws. */
const WAYS = {
  fetch: async (url) => (await fetch(url)).text(),
  get: (url) => request(http, url),
  getSecure: (url, { ca }) => request(https, url, { ca }),
  curl: async (url) => (await run('curl', ['-sS', '--max-time', '200', url])).stdout,
  curlSync: (url) => execFileSync('curl', ['-sS', '--max-time', '200', url], { encoding: 'utf8' }),
  node: async (url) => (await run(process.execPath, ['-e', `fetch(${JSON.stringify(url)}).then((response) => response.text()).then((body) => process.stdout.write(body))`])).stdout,
  worker: (url) => inWorker(url),
  direct: (url) => direct(url),
  unix: (socketPath) => request(http, { socketPath, path: '/' }),
};

function request(module, url, options = {}) {
  return new Promise((resolve, reject) => {
    module.get(...(typeof url === 'string' ? [url, options] : [url]), (response) => { resolve(text(response)); }).on('error', reject);
  });
}

/** Past everything that this process was told: an own agent. */
function direct(url) {
  return request(http, url, { agent: new http.Agent() });
}

function inWorker(url) {
  return new Promise((resolve, reject) => {
    const code = `require('node:worker_threads').parentPort.postMessage(0); fetch(${JSON.stringify(url)}).then((response) => response.text()).then((body) => require('node:worker_threads').parentPort.postMessage({ body }), (error) => require('node:worker_threads').parentPort.postMessage({ message: String(error) }))`;
    new Worker(code, { eval: true }).on('message', (message) => {
      if (message.body !== undefined) resolve(message.body);
      else if (message.message !== undefined) reject(new Error(message.message));
    }).on('error', reject);
  });
}

export default {
  async run({ input, signal, workspace }) {
    void signal;
    const results = [];
    for (const { way, url, ca } of input.asks) {
      try {
        results.push({ body: await WAYS[way](url, { ca }) });
      } catch (error) {
        const cause = error.cause ?? error;
        results.push({ code: cause.code, message: cause.message, details: cause.details });
      }
    }
    return { results, project: workspace.projectPath ?? null, order: process.env.TASK_SYSTEM_PROXY ?? null };
  },
};
