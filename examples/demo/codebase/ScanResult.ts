import * as z from 'zod';

const count = z.int().min(0);

/** What one scan found. Lists are bounded, so that the result of any code base stays small. */
export const scanResultSchema = z.strictObject({
  label: z.string(),
  /** Text files that were read. */
  files: count,
  lines: count,
  bytes: count,
  languages: z.record(z.string(), z.strictObject({ files: count, lines: count })),
  /** Most bytes first. */
  largest: z.array(z.strictObject({ path: z.string(), lines: count, bytes: count })),
  todoCount: count,
  /** The first ones. */
  todos: z.array(z.strictObject({ path: z.string(), line: count, kind: z.enum(['TODO', 'FIXME']), text: z.string() })),
  /** Content hash, bytes and path of files, largest first; empty files are left out. */
  hashes: z.array(z.tuple([z.string(), count, z.string()])),
  /** How many non-empty files there were to compare; more than `hashes` holds when that list was cut. */
  comparable: count,
  /** Files that were not read, and why. `closed`: the task may not open them, such as those that its sandbox hides for what their names say. */
  skipped: z.strictObject({ binary: count, generated: count, tooLarge: count, closed: count, unreadable: count }),
  /** The first of those that are closed. */
  closed: z.array(z.string()),
});

/** See {@link scanResultSchema}. */
export type ScanResult = z.infer<typeof scanResultSchema>;

/** Bounds of the lists of a scan. */
export const SCAN_BOUNDS = { largest: 20, todos: 100, closed: 5, hashBytes: 400_000 } as const;

/**
 * Shortens the lists of hashes until all results together take at most `maxBytes` as JSON, dropping the smallest files first:
 * a duplicate of a large file matters more. What was dropped shows in `comparable`.
 */
export function boundHashes(results: readonly ScanResult[], maxBytes: number): ScanResult[] {
  const costs = results.flatMap(({ hashes }) => hashes.map((entry) => ({ bytes: entry[1], cost: jsonBytes(entry) + 1 })));
  costs.sort((a, b) => b.bytes - a.bytes);
  let left = maxBytes - jsonBytes(results.map((result) => ({ ...result, hashes: [] })));
  const firstTooMuch = costs.find(({ cost }) => {
    left -= cost;
    return left < 0;
  });
  if (firstTooMuch === undefined) return [...results];
  return results.map((result) => ({ ...result, hashes: result.hashes.filter((entry) => entry[1] > firstTooMuch.bytes) }));
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
