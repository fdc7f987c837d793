import { CHANNEL_FD } from '../../types/Protocol.ts';
import { ChildRuntime } from './ChildRuntime.ts';
import { openTransport } from './ProcessTransport.ts';

new ChildRuntime(openTransport(CHANNEL_FD), process).start();
