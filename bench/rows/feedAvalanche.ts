import path from 'node:path';
import type { Benchmark, Measure } from '../lib/Benchmark.ts';
import { OURS, runRounds, toMeasure } from '../lib/compare.ts';
import { talkTo } from '../lib/talk.ts';

const SOCKET_IO = 'socket.io';
const PAUSE_MS = 200;
const BURST = 10;

interface Outcome {
  readonly share: number;
  readonly returned: number;
  readonly allBackMs: number;
  readonly busiest: number;
}

/**
 * The host is killed and started again under all of its clients, and publishes at once: which share of the events reaches them exactly
 * once and in order, how many come back, how long that takes, and how many of them come within the same tenth of a second. Beside socket.io with its
 * connection-state recovery, whose memory goes with its process.
 */
export const feedAvalanche: Benchmark = {
  name: 'feed-avalanche',
  async run({ isQuick, directory, say }) {
    const [clients, bursts] = isQuick ? [100, 10] : [500, 50];
    const outcomes = new Map<string, Outcome>();
    for (const kind of [OURS, SOCKET_IO]) {
      say(`${kind}: ${String(clients)} clients`);
      outcomes.set(kind, await restart(kind, path.join(directory, kind), clients, bursts));
    }
    const measure = (what: string, unit: Measure['unit'], of: (outcome: Outcome) => number, text?: string): Promise<Measure> => rowOf(outcomes, `restart of the host under ${String(clients)} clients: ${what}`, unit, of, text);
    return Promise.all([
      measure('events that came exactly once and in order', '%', ({ share }) => share * 100, 'all'),
      measure('clients that came back', '%', ({ returned }) => returned * 100, 'all'),
      measure('until the last was back', 'ms', ({ allBackMs }) => allBackMs),
      measure('of them within the busiest 100 ms', '%', ({ busiest }) => busiest * 100),
    ]);
  },
};

async function rowOf(outcomes: ReadonlyMap<string, Outcome>, what: string, unit: Measure['unit'], of: (outcome: Outcome) => number, text: string | undefined): Promise<Measure> {
  const rounds = await runRounds([...outcomes].map(([name, outcome]) => ({ name, measure: () => Promise.resolve(of(outcome)) })), 1, 0);
  return toMeasure(what, unit, rounds, text === undefined ? {} : { mark: ({ ours }) => ({ text, isMet: ours.median === 100 }) });
}

async function restart(kind: string, root: string, clients: number, bursts: number): Promise<Outcome> {
  let host = talkTo('feedHost.ts', [kind, root, '0', '0']);
  const port = String(await host.hear('port'));
  const peers = talkTo('feedAvalancheClients.ts', [kind, port, String(clients)]);
  try {
    await peers.hear('ready');
    host.tell({ bursts, size: BURST, pauseMs: PAUSE_MS });
    const before = await host.hear('published');
    peers.tell({ restarting: true });
    await host.kill();
    host = talkTo('feedHost.ts', [kind, root, port, String(before)]);
    await host.hear('port');
    host.tell({ bursts, size: BURST, pauseMs: PAUSE_MS });
    peers.tell({ expect: await host.hear('published') });
    return { share: await peers.hear('share'), returned: await peers.hear('returned'), allBackMs: await peers.hear('allBackMs'), busiest: await peers.hear('busiest') };
  } finally {
    peers.end();
    host.end();
  }
}
