import { outcomeOf } from './attempt.mjs';
import { fileProbes } from './probes/files.mjs';
import { networkProbes } from './probes/network.mjs';
import { processProbes } from './probes/processes.mjs';
import { secretProbes } from './probes/secrets.mjs';

/** Tries what a task must not do, and says for each attempt how it went. */
export default {
  async run({ input, workspace }) {
    const { F09, ...rest } = { ...fileProbes(input, workspace), ...secretProbes(input), ...processProbes(input), ...networkProbes(input) };
    // While nothing has been written yet.
    const outcomes = { F09: await outcomeOf(F09) };
    for (const [id, probe] of Object.entries(rest)) outcomes[id] = await outcomeOf(probe);
    return outcomes;
  },
};
