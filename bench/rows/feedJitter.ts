import type { Benchmark } from '../lib/Benchmark.ts';
import { OURS, runRounds, toMeasure } from '../lib/compare.ts';
import { talkTo } from '../lib/talk.ts';

const SOCKET_IO = 'socket.io';
const PAUSE_MS = 500;

/**
 * Which share of events reaches clients exactly once and in order, though each loses its connection about every 15 seconds and is away for 2:
 * beside socket.io with its connection-state recovery.
 */
export const feedJitter: Benchmark = {
  name: 'feed-jitter',
  async run({ isQuick }) {
    const [clients, seconds] = isQuick ? [50, 12] : [500, 60];
    const shares = await runRounds([OURS, SOCKET_IO].map((kind) => ({ name: kind, measure: () => shareOf(kind, clients, seconds) })), 1, 0);
    return [toMeasure(`events that came exactly once and in order, ${String(clients)} clients, ${String(seconds)} s`, '%', shares, {
      mark: ({ ours }) => ({ text: 'all', isMet: ours.median === 100 }),
    })];
  },
};

async function shareOf(kind: string, clients: number, seconds: number): Promise<number> {
  const server = talkTo('feedServer.ts', [kind]);
  const peers = talkTo('feedJitterClients.ts', [kind, String(await server.hear('port')), String(clients)]);
  try {
    await peers.hear('ready');
    const bursts = seconds * 1_000 / PAUSE_MS;
    server.tell({ ask: 'publish', warmUps: 0, bursts, pauseMs: PAUSE_MS });
    await server.hear('startCpuMs');
    peers.tell({ expect: bursts * 10 });
    return await peers.hear('share') * 100;
  } finally {
    peers.end();
    server.end();
  }
}
