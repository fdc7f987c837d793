import { MemoryManager } from '../../../src/lib/task-system/context/MemoryManager.ts';
import { entryOf, targetIn } from '../memory/support.ts';

/** Writes so many entries into the memory file of a directory and prints the id of each once it is on the disk. */
const [, , directory = '', prefix = '', amount = '0', maxTokens = '1000000'] = process.argv;
// However busy the machine is: who waits for the lock gets it.
const manager = new MemoryManager({ lockWaitMs: 200_000 });
for (let index = 0; index < Number(amount); index++) {
  const id = `${prefix}-${String(index)}`;
  await manager.write(targetIn(directory, { maxTokens: Number(maxTokens) }), entryOf(id));
  process.stdout.write(`${id}\n`);
}
