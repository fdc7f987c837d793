import { forgetCompileCache } from '../../policy/compileCache.ts';
import { CANARY_COMMAND, readOrder } from '../../policy/sandbox/CanaryOrder.ts';
import { CHANNEL_FD } from '../../types/Protocol.ts';
import { closeForeignDescriptors } from '../descriptors.ts';
import { becomeOwner } from './becomeOwner.ts';
import { ChildRuntime } from './ChildRuntime.ts';
import { ProcessTransport } from './ProcessTransport.ts';

becomeOwner(process);
const { argv: [, entry = '', command, json = ''], env } = process;
forgetCompileCache(env);
const order = command === CANARY_COMMAND ? readOrder(json) : undefined;
if (order === undefined) new ChildRuntime(new ProcessTransport(CHANNEL_FD), process, closeForeignDescriptors).start();
// Loaded by canaries alone: what it needs to start programs would cost every task process its time.
else void import('./canary.ts').then(({ tryEverything }) => tryEverything(order, entry)).then((facts) => { process.stdout.write(JSON.stringify(facts)); });
