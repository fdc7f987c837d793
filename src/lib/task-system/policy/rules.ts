import { isJsonObject, type JsonValue } from '../types/Json.ts';
import type { ToolRule } from '../types/Policy.ts';
import type { TaskPath } from '../types/taskPath.ts';
import type { CallFacts } from './callFacts.ts';
import { fitsGlob, fitsNames } from '../types/globs.ts';
import { fitsHost } from './hosts.ts';

/** Whether a rule of `allow` covers a call: everything that the call names has to fit. What cannot be seen does not fit. */
export function allows(rule: ToolRule, tool: string, facts: CallFacts): boolean {
  if (!fitsGlob(rule.tool, tool)) return false;
  const { paths, hosts, commands, args = {} } = rule;
  return (paths === undefined || everyOf(facts.paths, (path) => paths.some((pattern) => fitsPath(pattern, path, asItIs))))
    && (hosts === undefined || everyOf(facts.hosts, (host) => hosts.some((pattern) => fitsHost(pattern, host))))
    && (commands === undefined || (!facts.isScript && everyOf(facts.commands, (words) => commands.some((pattern) => fitsCommand(pattern, words)))))
    && Object.entries(args).every(([name, patterns]) => everyOf(valuesOf(facts.input, name), (value) => listOf(patterns).some((pattern) => fitsGlob(pattern, value))));
}

/**
 * Whether a rule of `deny` covers a call: one thing that the call names is enough. What cannot be seen is taken to fit, and so is what
 * differs only in case or in the form of its letters, which some file systems take for the same.
 */
export function denies(rule: ToolRule, tool: string, facts: CallFacts): boolean {
  if (!fitsGlob(rule.tool, tool)) return false;
  const { paths, hosts, commands, args = {} } = rule;
  return (paths === undefined || (paths.length > 0 && someOf(facts.paths, (path) => paths.some((pattern) => fitsPath(pattern, path, folded)))))
    && (hosts === undefined || (hosts.length > 0 && someOf(facts.hosts, (host) => hosts.some((pattern) => fitsHost(pattern, host)))))
    && (commands === undefined || (commands.length > 0 && (facts.isScript || someOf(facts.commands, (words) => commands.some((pattern) => meansCommand(pattern, words))))))
    && Object.entries(args).every(([name, patterns]) => someOf(valuesOf(facts.input, name), (value) => listOf(patterns).some((pattern) => fitsGlob(folded(pattern), folded(value)))));
}

/** A rule as one line of an explanation. */
export function describeRule(rule: ToolRule): string {
  const { tool, ...rest } = rule;
  return Object.keys(rest).length === 0 ? tool : `${tool} ${JSON.stringify(rest)}`;
}

/** Of nothing, nothing can be said to fit. */
function everyOf<Item>(items: readonly Item[], test: (item: Item) => boolean): boolean {
  return items.length > 0 && items.every(test);
}

function someOf<Item>(items: readonly Item[], test: (item: Item) => boolean): boolean {
  return items.length === 0 || items.some(test);
}

function fitsPath(pattern: string, path: TaskPath, form: (text: string) => string): boolean {
  const inProject = pattern.startsWith('project:');
  if (inProject !== path.inProject) return false;
  const patterns = (inProject ? pattern.slice('project:'.length) : pattern).split('/').filter((name) => name !== '' && name !== '.');
  return fitsNames(patterns, path.names, (one, name) => fitsGlob(form(one), form(name), true));
}

function fitsCommand(pattern: string | readonly string[], words: readonly string[]): boolean {
  if (typeof pattern === 'string') return fitsProgram(pattern, words[0] ?? '');
  const [program = '', ...rest] = pattern;
  return fitsProgram(program, words[0] ?? '') && fitsNames(lastAny(rest), words.slice(1), (one, word) => one !== '' ? fitsGlob(one, word) : word === '');
}

/** `*` as program means any name, not any path: else a file of the workspace could pass for it. */
function fitsProgram(pattern: string, program: string): boolean {
  return fitsGlob(pattern, program) && (pattern.includes('/') || !program.includes('/'));
}

/** A program is also meant when it is called by its path. */
function meansCommand(pattern: string | readonly string[], words: readonly string[]): boolean {
  const forms = [words, [words[0]?.split('/').at(-1) ?? '', ...words.slice(1)]].map((form) => form.map(folded));
  const wanted = typeof pattern === 'string' ? folded(pattern) : pattern.map(folded);
  return forms.some((form) => fitsCommand(wanted, form));
}

/** Only a last `**` stands for any words; elsewhere it is a pattern like others. */
function lastAny(patterns: readonly string[]): readonly string[] {
  return patterns.map((pattern, index) => (pattern === '**' && index < patterns.length - 1 ? '*' : pattern));
}

function valuesOf(input: JsonValue, name: string): readonly string[] {
  const value = isJsonObject(input) && Object.hasOwn(input, name) ? input[name] : undefined;
  const values = Array.isArray(value) ? value : [value];
  const texts = values.flatMap((item) => (typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean' ? [String(item)] : []));
  return texts.length === values.length ? texts : [];
}

function listOf(patterns: string | readonly string[]): readonly string[] {
  return typeof patterns === 'string' ? [patterns] : patterns;
}

function asItIs(text: string): string {
  return text;
}

function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}
