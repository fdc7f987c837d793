let system;

/** A host that does not come to an end is asked by a signal what it waits for; it tells, and ends. */
process.once('SIGUSR2', async () => {
  const { tasks, ...queue } = await system?.queue.snapshot({ tasks: 1_000 }) ?? {};
  const { tasks: running } = await system?.list({ state: 'running' }) ?? {};
  process.stdout.write(`stuck: ${JSON.stringify({ isOpen: system !== undefined, queue, tasks, running, resources: process.getActiveResourcesInfo() })}\n`, () => { process.exit(1); });
});

/** What is asked, once it is open. */
export function tellWhenAsked(opened) {
  system = opened;
}
