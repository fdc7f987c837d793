import type { ScanResult } from './ScanResult.ts';
import { compareNames } from './survey.ts';

/** Files with the same content. */
export interface DuplicateGroup {
  /** Size of each of them. */
  readonly bytes: number;
  readonly paths: readonly string[];
}

/** What is known of a whole code base. */
export interface Summary {
  readonly scans: number;
  readonly files: number;
  readonly folders: number;
  readonly lines: number;
  readonly bytes: number;
  /** Most lines first. */
  readonly languages: readonly { readonly name: string; readonly files: number; readonly lines: number }[];
  readonly largest: ScanResult['largest'];
  readonly todoCount: number;
  readonly todos: ScanResult['todos'];
  /** Most wasted bytes first. */
  readonly duplicates: readonly DuplicateGroup[];
  /** How many files were compared, of how many. */
  readonly compared: number;
  readonly comparable: number;
  readonly skipped: ScanResult['skipped'];
  readonly closed: ScanResult['closed'];
}

/** Puts the results of all scans together. The order of the scans does not matter. `folders` is how many they cover. */
export function mergeScans(scans: readonly ScanResult[], folders: number): Summary {
  const sum = (pick: (scan: ScanResult) => number): number => scans.reduce((total, scan) => total + pick(scan), 0);
  return {
    scans: scans.length,
    files: sum((scan) => scan.files),
    folders,
    lines: sum((scan) => scan.lines),
    bytes: sum((scan) => scan.bytes),
    languages: mergeLanguages(scans),
    largest: scans.flatMap((scan) => scan.largest).sort((a, b) => b.bytes - a.bytes || compareNames(a.path, b.path)),
    todoCount: sum((scan) => scan.todoCount),
    todos: scans.flatMap((scan) => scan.todos).sort((a, b) => compareNames(a.path, b.path) || a.line - b.line),
    duplicates: findDuplicates(scans.flatMap((scan) => scan.hashes)),
    compared: sum((scan) => scan.hashes.length),
    comparable: sum((scan) => scan.comparable),
    skipped: {
      binary: sum((scan) => scan.skipped.binary),
      generated: sum((scan) => scan.skipped.generated),
      tooLarge: sum((scan) => scan.skipped.tooLarge),
      closed: sum((scan) => scan.skipped.closed),
      unreadable: sum((scan) => scan.skipped.unreadable),
    },
    closed: scans.flatMap((scan) => scan.closed).sort(compareNames),
  };
}

/** Groups of files with equal hash and size, those that waste the most bytes first. */
export function findDuplicates(hashes: ScanResult['hashes']): DuplicateGroup[] {
  const groups = Map.groupBy(hashes, ([hash, bytes]) => `${hash} ${bytes}`);
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .map((group) => ({ bytes: group[0]?.[1] ?? 0, paths: group.map(([, , path]) => path).sort(compareNames) }))
    .sort((a, b) => wastedBytes(b) - wastedBytes(a) || compareNames(a.paths[0] ?? '', b.paths[0] ?? ''));
}

/** What a group would save if only one of its files were kept. */
export function wastedBytes(group: DuplicateGroup): number {
  return group.bytes * (group.paths.length - 1);
}

function mergeLanguages(scans: readonly ScanResult[]): Summary['languages'] {
  const groups = Map.groupBy(scans.flatMap((scan) => Object.entries(scan.languages)), ([name]) => name);
  return [...groups]
    .map(([name, entries]) => ({
      name,
      files: entries.reduce((total, [, counts]) => total + counts.files, 0),
      lines: entries.reduce((total, [, counts]) => total + counts.lines, 0),
    }))
    .sort((a, b) => b.lines - a.lines || compareNames(a.name, b.name));
}
