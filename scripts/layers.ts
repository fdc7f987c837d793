import { isBuiltin } from 'node:module';
import type { SourceFile } from './sourceGraph.ts';

const BASE = 'src/lib/task-system/';

/** Folders, lowest first. A file may import its own folder and what stands on a lower level; folders of one level know nothing of each other. */
const LEVELS: readonly (readonly string[])[] = [
  ['types'],
  ['policy', 'context', 'hooks', 'store', 'tools', 'models', 'agent', 'mcp', 'emitter'],
  ['subtask'],
  ['core'],
  ['realtime', 'client'],
  ['testing', 'cli'],
  ['index'],
  ['entry'],
];

/** The emitter belongs to a lower level than the rest of its folder. */
const EMITTER = 'realtime/EventEmitter';

/** Packages, and the units that may use them. Everything else is Node's own or forbidden. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  zod: ['types', 'policy', 'realtime', 'client', 'core', 'store'],
  eventemitter3: ['emitter', 'client'],
  'p-queue': ['core'],
  pidusage: ['policy'],
  // A program of its own for each vocabulary, read when somebody counts.
  'gpt-tokenizer/encoding/o200k_base': ['context'],
  'gpt-tokenizer/encoding/cl100k_base': ['context'],
  'gpt-tokenizer/bpeRanks/o200k_base': ['context'],
  'gpt-tokenizer/bpeRanks/cl100k_base': ['context'],
  'gpt-tokenizer/encodingParams/constants': ['context'],
  ws: ['realtime'],
  // Optional peers: loaded by those who use them.
  '@ai-sdk/provider': ['models'],
  '@ai-sdk/openai-compatible': ['models'],
  ai: ['agent'],
  '@modelcontextprotocol/sdk/client/index.js': ['mcp'],
  '@modelcontextprotocol/sdk/client/stdio.js': ['mcp'],
  '@modelcontextprotocol/sdk/client/streamableHttp.js': ['mcp'],
  '@modelcontextprotocol/sdk/types.js': ['mcp'],
};

/** Everything in a graph of sources that goes against the order of layers, or in a circle. Empty is the rule. */
export function findLayerFaults(files: readonly SourceFile[]): readonly string[] {
  return [...files.flatMap(faultsOf), ...findCycles(files)];
}

function faultsOf(file: SourceFile): readonly string[] {
  const climbs = file.imports.filter((target) => !mayImport(file.name, target)).map((target) => `${file.name} must not import ${target}`);
  const packages = file.specifiers.filter((specifier) => !mayUse(unitOf(file.name), specifier)).map((specifier) => `${file.name} must not use ${specifier}`);
  const files = file.specifiers.filter((specifier) => specifier.startsWith('.') && !specifier.endsWith('.ts')).map((specifier) => `${file.name}: write the ending of ${specifier}`);
  return [...climbs, ...packages, ...files];
}

/** The unit of a file: its folder, with the exceptions that the design names. */
function unitOf(name: string): string {
  if (!name.startsWith(BASE)) return 'entry';
  const inside = name.slice(BASE.length);
  if (!inside.includes('/')) return 'index';
  if (inside.startsWith(EMITTER)) return 'emitter';
  if (inside.startsWith('realtime/client/')) return 'client';
  return inside.split('/', 1)[0] ?? '';
}

function mayImport(from: string, to: string): boolean {
  const isChild = (name: string): boolean => name.startsWith(`${BASE}core/child/`);
  // The child is another process: the host starts its file, it never loads it.
  if (isChild(to)) return isChild(from);
  const [upper, lower] = [unitOf(from), unitOf(to)];
  return upper === lower || levelOf(lower) < levelOf(upper);
}

function levelOf(unit: string): number {
  return LEVELS.findIndex((units) => units.includes(unit));
}

function mayUse(unit: string, specifier: string): boolean {
  if (specifier.startsWith('.')) return true;
  // The client also runs in browsers.
  if (isBuiltin(specifier)) return unit !== 'client' && specifier.startsWith('node:');
  return PACKAGES[specifier]?.includes(unit) ?? false;
}

/** Circles of imports, types included; each one once. */
function findCycles(files: readonly SourceFile[]): readonly string[] {
  const byName = new Map(files.map((file) => [file.name, file]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (name: string, trail: readonly string[]): void => {
    const start = trail.indexOf(name);
    if (start >= 0) cycles.push(`circle: ${[...trail.slice(start), name].join(' -> ')}`);
    if (start >= 0 || done.has(name)) return;
    for (const target of byName.get(name)?.imports ?? []) visit(target, [...trail, name]);
    done.add(name);
  };
  for (const { name } of files) visit(name, []);
  return cycles;
}
