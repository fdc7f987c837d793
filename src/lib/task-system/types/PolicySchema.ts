import * as z from 'zod';
import { duration, group, integer, isRecord, isText, leaf, oneOf, tiedTo } from './OptionLeaves.ts';
import type { NetworkPolicyOptions, PolicyOptions, ToolLimitOptions, ToolRule } from './Policy.ts';

const MAX_PATTERN = 1_024;

const toolPattern = leaf<string>('the name of a tool or a pattern such as "fs.*"', (value) => isText(value) && /^[\w.:/*-]{1,128}$/.test(value));
const pathPattern = leaf<string>('a path relative to the workspace, or behind "project:", without ".."', isPathPattern);
const hostPattern = leaf<string>('a host such as "example.com", "*.example.com" or "*", with or without ":port"', isHostPattern);
const commandPattern = leaf<string | readonly string[]>('the name of a program, or a list with a pattern for each word', isCommandPattern);
const argumentPattern = leaf<string | readonly string[]>('a pattern or a list of patterns', (value) => isPattern(value) || isListOf(value, isPattern));

const ruleSchema = tiedTo<ToolRule>()(group({
  tool: toolPattern,
  paths: listOf(pathPattern).exactOptional(),
  hosts: listOf(hostPattern).exactOptional(),
  commands: listOf(commandPattern).exactOptional(),
  args: z.record(z.string(), argumentPattern, { error: 'an object of patterns' }).exactOptional(),
}));

const limitSchema = tiedTo<ToolLimitOptions>()(group({
  maxCalls: integer(0).exactOptional(),
  timeoutMs: duration(1).exactOptional(),
  maxOutputBytes: integer(1_024).exactOptional(),
}));

const rules = listOf(z.union([toolPattern, ruleSchema], { error: 'the name of a tool, a pattern, or a rule' }));

/** Schema of `PolicyOptions`. */
export const policySchema = tiedTo<PolicyOptions>()(group({
  allow: rules.exactOptional(),
  deny: rules.exactOptional(),
  ask: rules.exactOptional(),
  approvalTimeoutMs: duration(1).exactOptional(),
  limits: z.record(toolPattern, limitSchema, { error: 'an object of limits, by tool' }).exactOptional(),
  network: tiedTo<NetworkPolicyOptions>()(group({ hosts: listOf(hostPattern).exactOptional() })).exactOptional(),
  project: oneOf('none', 'read').exactOptional(),
}));

function listOf<Schema extends z.ZodType>(item: Schema): z.ZodReadonly<z.ZodArray<Schema>> {
  return z.array(item, { error: 'an array' }).readonly();
}

function isPathPattern(value: unknown): boolean {
  if (!isPattern(value)) return false;
  const path = value.startsWith('project:') ? value.slice('project:'.length) : value;
  return !/^(?:[/\\]|[a-zA-Z]:)/.test(path) && !path.includes('\\') && !path.split('/').includes('..');
}

function isHostPattern(value: unknown): boolean {
  if (!isPattern(value) || value.length > 260) return false;
  const name = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
  return new RegExp(`^(?:\\*|(?:\\*\\.)?${name}(?:\\.${name})*|\\[[0-9a-f:.]+\\])(?::[1-9]\\d{0,4})?$`, 'i').test(value);
}

function isCommandPattern(value: unknown): boolean {
  if (isPattern(value)) return !/\s/.test(value);
  return isListOf(value, (word) => isText(word) && word.length <= MAX_PATTERN) && Array.isArray(value) && value.length > 0 && value[0] !== '' && value[0] !== '**';
}

function isPattern(value: unknown): value is string {
  return isText(value) && value !== '' && value.length <= MAX_PATTERN;
}

function isListOf(value: unknown, test: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && !isRecord(value) && value.every(test);
}
