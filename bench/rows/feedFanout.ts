import { verify, type Benchmark, type Measure } from '../lib/Benchmark.ts';
import { OURS, ratioTo, runRounds, toMeasure, type Contestant } from '../lib/compare.ts';
import { talkTo, type Talk } from '../lib/talk.ts';

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
      const memory: Memory = { rss: new Map(), heap: new Map() };
      const bursts = (isQuick ? 20_000 : 40_000) / clients;
      const rates = await runRounds(KINDS.map((kind) => contestant(kind, clients, bursts, memory)), rounds, isQuick ? 0 : 1);
      measures.push(toMeasure(`deliveries a second of server CPU, ${String(clients)} clients`, '1/s', rates, {
        mark: (measure) => ({ text: 'at least 6 times socket.io, 5 times the loop', isMet: ratioTo(measure, SOCKET_IO) >= 6 && ratioTo(measure, PLAIN) >= 5 }),
      }));
      if (clients !== 1_000) continue;
      measures.push(toMeasure('memory of 1,000 idle connections', 'MB', memory.rss), toMeasure('of it, in use on the heap', 'MB', memory.heap));
    }
    return measures;
  },
};

/** What idle connections add, in MB, by kind. */
interface Memory {
  readonly rss: Map<string, number[]>;
  readonly heap: Map<string, number[]>;
}

function contestant(kind: string, clients: number, bursts: number, memory: Memory): Contestant {
  return {
    name: kind,
    measure: async () => {
      const server = talkTo('feedServer.ts', [kind]);
      const port = await server.hear('port');
      const empty = await memoryOf(server);
      const peers = talkTo('feedClients.ts', [kind, String(port), String(clients)]);
      try {
        await peers.hear('ready');
        const full = await memoryOf(server);
        for (const part of ['rss', 'heap'] as const) memory[part].set(kind, [...memory[part].get(kind) ?? [], (full[part] - empty[part]) / 1e6]);
        // As many in a quick run as in a long one: cold code would be measured instead.
        const warmUps = 20_000 / clients;
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

async function memoryOf(server: Talk): Promise<{ readonly rss: number; readonly heap: number }> {
  server.tell({ ask: 'memory' });
  return { rss: await server.hear('rssBytes'), heap: await server.hear('heapBytes') };
}
