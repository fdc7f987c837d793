import { countMessages, type ChatMessage } from './Chat.ts';

/** What a compaction must never do; each is counted by itself. */
export const RULES = ['budget', 'pairing', 'pins', 'order'] as const;

/** The rules that a result breaks. */
export function violationsOf(before: readonly ChatMessage[], after: readonly ChatMessage[], budget: number): readonly (typeof RULES)[number][] {
  const isKept = {
    budget: countMessages(after) <= budget,
    pairing: arePaired(after),
    pins: pinsOf(before).every((pin) => after.some((message) => isEqual(message, pin))),
    order: isOrdered(before, after),
  };
  return RULES.filter((rule) => !isKept[rule]);
}

/** What no method may lose or change: the system, the first words of the user, and the last. */
function pinsOf(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const users = messages.filter(({ role }) => role === 'user');
  return [...messages.filter(({ role }) => role === 'system'), ...users.slice(0, 1), ...users.slice(-1)];
}

/** Right after a message with calls come their results, each once, and a result comes nowhere else. */
function arePaired(messages: readonly ChatMessage[]): boolean {
  let open = new Set<string>();
  for (const { role, tool_call_id: id, tool_calls: calls = [] } of messages) {
    if (role === 'tool') {
      if (id === undefined || !open.delete(id)) return false;
      continue;
    }
    if (open.size > 0) return false;
    open = new Set(calls.map((call) => call.id));
  }
  return open.size === 0;
}

/** Messages that are as they were stand in the order in which they stood. */
function isOrdered(before: readonly ChatMessage[], after: readonly ChatMessage[]): boolean {
  const places = new Map<string, number[]>();
  before.forEach((message, place) => { places.set(keyOf(message), [...places.get(keyOf(message)) ?? [], place]); });
  let last = -1;
  for (const message of after) {
    const known = places.get(keyOf(message));
    if (known === undefined) continue;
    const next = known.find((place) => place > last);
    if (next === undefined) return false;
    last = next;
  }
  return true;
}

function isEqual(left: ChatMessage, right: ChatMessage): boolean {
  return keyOf(left) === keyOf(right);
}

function keyOf({ role, content, tool_calls: calls, tool_call_id: id }: ChatMessage): string {
  return JSON.stringify([role, content ?? '', calls ?? [], id ?? '']);
}
