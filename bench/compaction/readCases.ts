import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { countMessages, leavesOf, parse, readChat, textOf, type ChatMessage } from './Chat.ts';

const MIN_VALUE_LENGTH = 3;

/** A conversation that was cut, and what it needs after the cut. */
export interface Case {
  readonly name: string;
  /** Ends with a user's message. */
  readonly messages: readonly ChatMessage[];
  /** Values of the arguments of later calls that stand in `messages`, beside the system's. */
  readonly needed: readonly string[];
  /** Tokens of the system's messages, and of all others. */
  readonly systemTokens: number;
  readonly historyTokens: number;
}

/**
 * The conversations in the `.json` files of a folder: each file a list of conversations, each of these a list of messages or an
 * object with one under `messages` or `traj`. A conversation is cut at the first user's message past its middle; those that need
 * nothing of what was said before are left out.
 */
export async function readCases(folder: string): Promise<readonly Case[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).toSorted();
  const files = await Promise.all(names.map(async (name) => {
    const all: unknown = JSON.parse(await readFile(path.join(folder, name), 'utf8'));
    if (!Array.isArray(all)) throw new TypeError(`${name} is no list of conversations`);
    return all.map((one: unknown, index) => ({ name: `${name}#${String(index)}`, messages: readChat(messagesOf(one)) }));
  }));
  return files.flat().flatMap(({ name, messages }) => cut(name, messages) ?? []);
}

/** One long conversation of many: their calls get ids of their own, and only the first keeps its system's message. */
export function joinCases(cases: readonly Case[], amount: number): readonly Case[] {
  return Array.from({ length: Math.floor(cases.length / amount) }, (_, group) => {
    const parts = cases.slice(group * amount, (group + 1) * amount).map((one, index) => ({ ...one, messages: withOwnIds(one.messages, index) }));
    const messages = parts.flatMap((part, index) => (index === 0 ? part.messages : part.messages.filter(({ role }) => role !== 'system')));
    return { name: `joined#${String(group)}`, messages, needed: parts.at(-1)?.needed ?? [], ...sizesOf(messages) };
  });
}

function cut(name: string, all: readonly ChatMessage[]): Case | undefined {
  const at = all.findIndex(({ role }, place) => role === 'user' && place >= all.length / 2);
  if (at < 0) return undefined;
  const messages = all.slice(0, at + 1);
  const told = textOf(messages.filter(({ role }) => role !== 'system'));
  const later = all.slice(at + 1).flatMap(({ tool_calls: calls = [] }) => calls.flatMap(({ function: { arguments: text } }) => leavesOf(parse(text))));
  const needed = [...new Set(later)].filter((value) => value.length >= MIN_VALUE_LENGTH && told.includes(value));
  return needed.length === 0 ? undefined : { name, messages, needed, ...sizesOf(messages) };
}

function sizesOf(messages: readonly ChatMessage[]): { readonly systemTokens: number; readonly historyTokens: number } {
  const systemTokens = countMessages(messages.filter(({ role }) => role === 'system'));
  return { systemTokens, historyTokens: countMessages(messages) - systemTokens };
}

function withOwnIds(messages: readonly ChatMessage[], index: number): readonly ChatMessage[] {
  return messages.map((message) => ({
    ...message,
    ...(message.tool_calls === undefined ? {} : { tool_calls: message.tool_calls.map((call) => ({ ...call, id: `${call.id}-${String(index)}` })) }),
    ...(message.tool_call_id === undefined ? {} : { tool_call_id: `${message.tool_call_id}-${String(index)}` }),
  }));
}

function messagesOf(conversation: unknown): unknown {
  if (Array.isArray(conversation) || typeof conversation !== 'object' || conversation === null) return conversation;
  return 'messages' in conversation ? conversation.messages : 'traj' in conversation ? conversation.traj : undefined;
}
