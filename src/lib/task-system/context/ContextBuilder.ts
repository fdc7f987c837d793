import type { BuiltContext, ContextCompaction, NotesMessage, PrepareContext, PrepareOptions, StartContext } from '../types/Context.ts';
import { compact, type CompactionReport } from './ContextCompactor.ts';
import { assembleContext } from './files/assemble.ts';
import { createTokenCounter } from './TokenCounter.ts';

/** Builds the context of a task, in its own process: the tokenizer is loaded by the first call that has something to count. */
export function buildContext(start: StartContext): BuiltContext {
  return assembleContext(start, createTokenCounter({ encoding: start.encoding }).countText);
}

/**
 * Puts the notes of a project before a conversation, after what its system says, and brings all of it within a budget. Notes that
 * stand in the conversation already are not put there twice, and stay. The function that is returned throws `CONTEXT_TOO_SMALL`
 * when what must stay does not fit.
 */
export function createPreparer(built: BuiltContext, encoding: StartContext['encoding']): PrepareContext {
  const counter = createTokenCounter({ encoding });
  return async (messages, { pins, reserveTokens = 0, ...rest }) => {
    const notes = built.messages.filter((note) => !messages.some((message) => isSame(message, note)));
    const around = counter.countText(built.instructions) + counter.countMessages(notes);
    const { messages: kept, report } = await compact(messages, {
      ...rest,
      reserveTokens: reserveTokens + around,
      counter,
      pins: (message, place) => built.messages.some((note) => isSame(message, note)) || isPinned(pins, message, place),
    });
    const first = kept.findIndex(({ role }) => role !== 'system' && role !== 'developer');
    const place = first < 0 ? kept.length : first;
    return { instructions: built.instructions, messages: [...kept.slice(0, place), ...notes, ...kept.slice(place)], report: { ...built.report, compaction: shown(report) } };
  };
}

function isSame(message: object, note: NotesMessage): boolean {
  return 'role' in message && message.role === note.role && 'content' in message && message.content === note.content;
}

function isPinned<Message extends { readonly role: string }>(pins: PrepareOptions<Message>['pins'], message: Message, place: number): boolean {
  if (pins === undefined) return false;
  return typeof pins === 'function' ? pins(message, place) : pins.some((pin) => pin === place || pin === message);
}

function shown({ before, after, dropped, masked, ms }: CompactionReport): ContextCompaction {
  return { dropped, masked, ms, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}
