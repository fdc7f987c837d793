import { forgetCompileCache } from '../../policy/compileCache.ts';
import { CANARY_COMMAND, readOrder } from '../../policy/sandbox/CanaryOrder.ts';
import { CHANNEL_FD } from '../../types/Protocol.ts';
import { canaryProgramPath } from '../childEntry.ts';
import { closeForeignDescriptors } from '../descriptors.ts';
import { loadProgram } from '../loadProgram.ts';
import { becomeOwner } from './becomeOwner.ts';
import type * as Canary from './canary.ts';
import { ChildRuntime } from './ChildRuntime.ts';
import { ProcessTransport } from './ProcessTransport.ts';

becomeOwner(process);
const { argv: [, entry = '', command, json = ''], env } = process;
forgetCompileCache(env);
const order = command === CANARY_COMMAND ? readOrder(json) : undefined;
if (order === undefined) {
  new ChildRuntime(new ProcessTransport(CHANNEL_FD), process, closeForeignDescriptors).start();
} else {
  const canary = loadProgram(canaryProgramPath());
  if (isCanary(canary)) void canary.tryEverything(order, entry).then((facts) => { process.stdout.write(JSON.stringify(facts)); });
}

function isCanary(program: unknown): program is typeof Canary {
  return typeof program === 'object' && program !== null && 'tryEverything' in program;
}
