import { closeSync } from 'node:fs';
import { ProcessTransport, type Pace } from '../../../../src/lib/task-system/core/child/ProcessTransport.ts';
import { CHANNEL_FD } from '../../../../src/lib/task-system/types/Protocol.ts';

/*
 * A child that answers each `abort` with a `log` of the same text. How it waits for the next one is the last word of the text, if that
 * is a pace; `closing` closes its channel. An answer tells whether Node's network is loaded, and so does the exit code when the host is gone.
 */
const GONE = 7;
const GONE_WITH_NETWORK = 8;
let pace: Pace = 'still';
const transport = new ProcessTransport(CHANNEL_FD);
const loaded: unknown = Reflect.get(process, 'moduleLoadList');
const hasNetwork = (): boolean => Array.isArray(loaded) && loaded.includes('NativeModule net');

transport.listen({
  onMessage: (message) => {
    if (message.type !== 'abort') return;
    const word = message.reason.split(' ').at(-1);
    if (word === 'still' || word === 'running' || word === 'over') pace = word;
    transport.send({ type: 'log', level: 'info', text: message.reason, data: hasNetwork() });
    if (word === 'closing') {
      closeSync(CHANNEL_FD);
      pace = 'running';
    }
  },
  onGone: () => {
    // To print loads it as well.
    const code = hasNetwork() ? GONE_WITH_NETWORK : GONE;
    process.exit(code);
  },
  pace: () => pace,
});
transport.send({ type: 'ready', version: 1 });
