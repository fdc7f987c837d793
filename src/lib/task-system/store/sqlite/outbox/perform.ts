import type { EngineState } from '../EngineState.ts';
import { dueOf, endpoints, putEndpoint, removeEndpoint, setHealth } from './endpoints.ts';
import { claim, deadLetter, deadLetters, replay, report } from './messages.ts';
import type { OutboxOp, OutboxReply } from './wire.ts';

/** Runs one operation of the outbox. */
export function performOutbox(state: EngineState, op: OutboxOp): OutboxReply {
  switch (op[0]) {
    case 'endpoints': return endpoints(state);
    case 'putEndpoint': return putEndpoint(state, op[1]);
    case 'setHealth': return setHealth(state, op[1], op[2], op[3]);
    case 'removeEndpoint': return removeEndpoint(state, op[1]);
    case 'claim': return claim(state, op[1]);
    case 'report': return report(state, op[1]);
    case 'due': return { due: dueOf(state, state.log.outbox.endpoints.keys()) };
    case 'deadLetters': return deadLetters(state, op[1]);
    case 'deadLetter': return deadLetter(state, op[1]);
    case 'replay': return replay(state, op[1]);
  }
}
