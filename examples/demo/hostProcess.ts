import { startHost, type DemoHost } from './host.ts';
import { hostCommandSchema, type HostCommand, type HostReply } from './hostMessages.ts';

/** The host as a process of its own, so that it can be killed. It does what the demo tells it over the IPC channel of Node. */
let host: DemoHost | undefined;

process.on('message', (message) => {
  obey(hostCommandSchema.parse(message)).catch((error: unknown) => {
    reply({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  });
});
// If the demo dies, so does the channel: then the host closes by itself.
process.on('disconnect', () => { void host?.close(); });

async function obey(command: HostCommand): Promise<void> {
  switch (command.type) {
    case 'start':
      host = await startHost(command.settings);
      if (process.connected) reply({ type: 'started', greeting: host.greeting });
      else await host.close();
      break;
    case 'perform':
      if (host !== undefined) reply({ type: 'done', outcome: await host.perform() });
      break;
    case 'close':
      await host?.close();
      process.disconnect();
      break;
  }
}

function reply(message: HostReply): void {
  if (process.connected) process.send?.(message);
}
