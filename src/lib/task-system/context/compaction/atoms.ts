import { readMessage, type ContextMessage, type ReadMessage } from '../messages/readMessage.ts';

/** Messages that stay or go together: a call with all its results, or one message by itself. */
export interface Atom {
  /** Places of its messages, ascending. */
  readonly places: number[];
  readonly role: string;
  /** Calls that have no result (yet). */
  readonly openCalls: Set<string>;
  /** A result without a call: no API accepts it. */
  readonly isOrphan: boolean;
}

/** A conversation, read once. */
export interface ReadConversation {
  readonly read: readonly ReadMessage[];
  /** In the order of their first messages. */
  readonly atoms: readonly Atom[];
}

/** Finds what belongs together. Ids that are used again, as some models do, belong to the latest call. */
export function readConversation(messages: readonly ContextMessage[]): ReadConversation {
  const read = messages.map(readMessage);
  const atoms: Atom[] = [];
  const byCall = new Map<string, Atom>();
  const byApproval = new Map<string, Atom>();
  let thinking: Atom | undefined;
  read.forEach(({ calls, results, asks, answers, isReasoning }, place) => {
    const { role = '' } = messages[place] ?? {};
    const owners = new Set([...results.flatMap(({ id }) => byCall.get(id) ?? []), ...answers.flatMap((id) => byApproval.get(id) ?? [])]);
    const isAnswer = role === 'tool' || role === 'function';
    const joined = isAnswer ? [...owners].at(-1) : role === 'assistant' ? thinking : undefined;
    const atom = joined ?? { places: [], role, openCalls: new Set<string>(), isOrphan: isAnswer };
    if (joined === undefined) atoms.push(atom);
    atom.places.push(place);
    for (const { id } of calls) {
      byCall.set(id, atom);
      atom.openCalls.add(id);
    }
    for (const id of asks) byApproval.set(id, atom);
    for (const { id } of results) (byCall.get(id) ?? atom).openCalls.delete(id);
    thinking = isReasoning ? atom : undefined;
  });
  return { read, atoms };
}
