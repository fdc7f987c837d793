import { channelMisbehaviours } from './misbehaviours/channel.mjs';
import { processMisbehaviours } from './misbehaviours/processes.mjs';
import { resourceMisbehaviours } from './misbehaviours/resources.mjs';

const KINDS = { ...channelMisbehaviours, ...processMisbehaviours, ...resourceMisbehaviours };

/** Does the one wrong thing that its input names. */
export default {
  run({ input, ...context }) {
    return KINDS[input.kind](context);
  },
};
