import type { MemoryEntry } from '../../../src/lib/task-system/context/memory/MemoryEntry.ts';
import type { MemoryTarget } from '../../../src/lib/task-system/context/MemoryManager.ts';

/** An entry of one task. */
export function entryOf(taskId: string, rest: Partial<MemoryEntry> = {}): MemoryEntry {
  return { taskId, time: Date.UTC(2026, 0, 2, 3, 4), type: 'research', outcome: 'completed', source: 'summary', summary: `found ${taskId}`, ...rest };
}

/** The memory file of a directory. */
export function targetIn(directory: string, rest: Partial<MemoryTarget> = {}): MemoryTarget {
  return { directory, file: 'MEMORY.md', archive: 'MEMORY.archive.md', maxTokens: 1_000_000, ...rest };
}

/** The tasks that have an entry in a text. */
export function idsOf(text: string): string[] {
  return [...text.matchAll(/task-system:entry ids=(\S+)/g)].flatMap(([, ids = '']) => ids.split(','));
}
