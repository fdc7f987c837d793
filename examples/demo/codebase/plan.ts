import * as z from 'zod';
import type { FolderNode } from './survey.ts';

/** A folder, or a part of one, that one scan looks at. */
export const scanPartSchema = z.strictObject({
  /** Relative to the code base; '' is the code base itself. */
  folder: z.string(),
  /** Whether the folders below belong to it. */
  deep: z.boolean(),
  /** First and last file name of a folder that is divided between scans. */
  from: z.string().exactOptional(),
  to: z.string().exactOptional(),
});

/** See {@link scanPartSchema}. */
export type ScanPart = z.infer<typeof scanPartSchema>;

/** The work of one scan task. */
export interface ScanGroup {
  /** For people: which folders it covers. */
  readonly label: string;
  readonly parts: readonly ScanPart[];
  readonly files: number;
}

/** Fewest scans for a code base that has at least as many files. */
export const MIN_SCANS = 6;
/** Most scans; each is one process. */
export const MAX_SCANS = 12;

/** Reading a small file costs about as much as this many bytes of a large one. */
const FILE_OVERHEAD_BYTES = 4_096;
/** How much fuller than planned a scan may get, so that small folders stay together. */
const PACKING_SLACK = 1.25;

interface Unit {
  readonly part: ScanPart;
  readonly weight: number;
  readonly files: number;
}

interface Pack {
  readonly units: readonly Unit[];
  readonly weight: number;
}

/**
 * Divides a tree into {@link MIN_SCANS} to {@link MAX_SCANS} groups of about the same work: large folders are split, small neighbours
 * are put together. Each file belongs to exactly one group. The same tree always gives the same groups.
 */
export function planScans(tree: FolderNode): ScanGroup[] {
  const total = weightOf(tree);
  let packs: Pack[] = [];
  for (let limit = total / 8; packs.length < MIN_SCANS && limit > 1; limit /= 2) packs = pack(unitsOf(tree, limit), limit * PACKING_SLACK);
  return mergeNeighbours(packs, MAX_SCANS).map(({ units }) => ({
    label: labelOf(units.map((unit) => unit.part)),
    parts: units.map((unit) => unit.part),
    files: units.reduce((sum, unit) => sum + unit.files, 0),
  }));
}

/** Whether a file of a folder belongs to a part. */
export function isInPart(part: ScanPart, name: string): boolean {
  return (part.from === undefined || name >= part.from) && (part.to === undefined || name <= part.to);
}

/** Names what a group covers: `src/core`, `src/core +3`, `(top level)`, `docs [a.md … f.md]`. */
export function labelOf(parts: readonly ScanPart[]): string {
  const first = parts[0];
  if (first === undefined) return '(nothing)';
  const name = first.folder === '' ? '(top level)' : first.folder;
  const range = first.from === undefined || first.to === undefined ? '' : ` [${first.from}${first.from === first.to ? '' : ` … ${first.to}`}]`;
  return `${name}${range}${parts.length === 1 ? '' : ` +${parts.length - 1}`}`;
}

function unitsOf(node: FolderNode, limit: number): Unit[] {
  const weight = weightOf(node);
  if (weight === 0) return [];
  if (weight <= limit) return [{ part: { folder: node.path, deep: true }, weight, files: filesIn(node) }];
  return [...slicesOf(node, limit), ...node.folders.flatMap((folder) => unitsOf(folder, limit))];
}

/** The own files of a folder that is too large for one scan: all of them together if they fit, else cut by name. */
function slicesOf(node: FolderNode, limit: number): Unit[] {
  const slices: { names: string[]; weight: number }[] = [];
  for (const file of node.files) {
    const weight = file.bytes + FILE_OVERHEAD_BYTES;
    const last = slices.at(-1);
    if (last === undefined || last.weight + weight > limit) slices.push({ names: [file.name], weight });
    else {
      last.names.push(file.name);
      last.weight += weight;
    }
  }
  return slices.map(({ names, weight }) => {
    const [from = '', to = ''] = [names[0], names.at(-1)];
    const part = slices.length === 1 ? { folder: node.path, deep: false } : { folder: node.path, deep: false, from, to };
    return { part, weight, files: names.length };
  });
}

function pack(units: readonly Unit[], capacity: number): Pack[] {
  const packs: { units: Unit[]; weight: number }[] = [];
  for (const unit of units) {
    const last = packs.at(-1);
    if (last === undefined || last.weight + unit.weight > capacity) packs.push({ units: [unit], weight: unit.weight });
    else {
      last.units.push(unit);
      last.weight += unit.weight;
    }
  }
  return packs;
}

/** Joins the lightest pair of neighbours until there are few enough. */
function mergeNeighbours(packs: readonly Pack[], most: number): Pack[] {
  const merged = [...packs];
  while (merged.length > most) {
    const at = lightestPair(merged);
    const [left, right] = [merged[at], merged[at + 1]];
    if (left === undefined || right === undefined) break;
    merged.splice(at, 2, { units: [...left.units, ...right.units], weight: left.weight + right.weight });
  }
  return merged;
}

function lightestPair(packs: readonly Pack[]): number {
  const weights = packs.slice(1).map((right, index) => right.weight + (packs[index]?.weight ?? 0));
  return weights.indexOf(Math.min(...weights));
}

function weightOf(node: FolderNode): number {
  const own = node.files.reduce((sum, file) => sum + file.bytes + FILE_OVERHEAD_BYTES, 0);
  return node.folders.reduce((sum, folder) => sum + weightOf(folder), own);
}

function filesIn(node: FolderNode): number {
  return node.folders.reduce((sum, folder) => sum + filesIn(folder), node.files.length);
}
