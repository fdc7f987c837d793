import * as z from 'zod';

/** What a canary tried: true when it was stopped, or found what it should. */
export const canaryFactsSchema = z.strictObject({
  writesWorkspace: z.boolean(),
  cannotReadOutside: z.boolean(),
  cannotWriteOutside: z.boolean(),
  cannotWriteLibrary: z.boolean(),
  cannotWriteKernelSettings: z.boolean(),
  hasOwnProcesses: z.boolean(),
  hasOwnNetwork: z.boolean(),
  hasFilter: z.boolean(),
  cannotOpenUnixSocket: z.boolean(),
  cannotGainRights: z.boolean(),
  isNotRoot: z.boolean(),
  cannotStartPrograms: z.boolean(),
  hasNoForeignDescriptors: z.boolean(),
});

/** See {@link canaryFactsSchema}. */
export type CanaryFacts = z.infer<typeof canaryFactsSchema>;
