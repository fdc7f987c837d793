import { verify, type Benchmark, type Measure } from '../lib/Benchmark.ts';
import { OURS, ratioTo, runRounds, toMeasure, type Contestant } from '../lib/compare.ts';
import { talkTo } from '../lib/talk.ts';

const SOCKET_IO = 'socket.io';
const PLAIN = 'ws';
const KINDS = [OURS, SOCKET_IO, PLAIN] as const;
const EVENTS_PER_BURST = 10;

/**
 * How many events a second of the server's processor time delivers: bursts of 10 events of about 300 bytes to clients in another
 * process, which count them all. socket.io emits the same events, and so does a loop that makes each event's JSON once and calls
 * `ws.send` for each client. Beside it, what connected clients cost in memory.
 */
export const feedFanout: Benchmark = {
  name: 'feed-fanout',
  async run({ isQuick }) {
    const rounds = isQuick ? 1 : 5;
    const measures: Measure[] = [];
    for (const clients of [100, 1_000]) {
      const memory = new Map<string, number[]>();
      const bursts = (isQuick ? 10_000 : 40_000) / clients;
      const rates = await runRounds(KINDS.map((kind) => contestant(kind, clients, bursts, memory)), rounds, isQuick ? 0 : 1);
      measures.push(toMeasure(`deliveries a second of server CPU, ${String(clients)} clients`, '1/s', rates, {
        mark: (measure) => ({ text: 'at least 6 times socket.io, 5 times the loop', isMet: ratioTo(measure, SOCKET_IO) >= 6 && ratioTo(measure, PLAIN) >= 5 }),
      }));
      if (clients === 1_000) measures.push(toMeasure('memory of 1,000 idle connections', 'MB', memory));
    }
    return measures;
  },
};

function contestant(kind: string, clients: number, bursts: number, memory: Map<string, number[]>): Contestant {
  return {
    name: kind,
    measure: async () => {
      const server = talkTo('feedServer.ts', [kind]);
      const port = await server.hear('port');
      server.tell({ ask: 'memory' });
      const empty = await server.hear('rssBytes');
      const peers = talkTo('feedClients.ts', [kind, String(port), String(clients)]);
      try {
        await peers.hear('ready');
        server.tell({ ask: 'memory' });
        memory.set(kind, [...memory.get(kind) ?? [], (await server.hear('rssBytes') - empty) / 1e6]);
        const warmUps = bursts / 2;
        const measured = clients * bursts * EVENTS_PER_BURST;
        const expected = measured + clients * warmUps * EVENTS_PER_BURST;
        peers.tell({ expect: expected });
        server.tell({ ask: 'publish', warmUps, bursts, pauseMs: 15 });
        const startCpuMs = await server.hear('startCpuMs');
        verify(await peers.hear('received') === expected, 'clients got another number of events than were sent');
        server.tell({ ask: 'cpu' });
        return measured / ((await server.hear('cpuMs') - startCpuMs) / 1_000);
      } finally {
        peers.end();
        server.end();
      }
    },
  };
}
