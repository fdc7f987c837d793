/** The parts of a chat request that scripts look at. */
export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly stream?: boolean;
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
  readonly [field: string]: unknown;
}

/** A message of the conversation. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: unknown;
  readonly tool_calls?: readonly { readonly id: string; readonly function: { readonly name: string; readonly arguments: string } }[];
}

/** A call of a tool that the model asks for. */
export interface ScriptedCall {
  readonly name: string;
  /** An object, or a text that need not be JSON: models make mistakes. */
  readonly arguments: string | object;
  /** @defaultValue `call_1`, `call_2` … */
  readonly id?: string;
}

/** What the model says to one request. */
export interface ScriptedReply {
  /** The text; a list is streamed piece by piece, a plain text word by word. */
  readonly text?: string | readonly string[];
  readonly calls?: readonly ScriptedCall[];
  /** Tokens that it says it took. @defaultValue 10 in, 5 out */
  readonly usage?: { readonly input: number; readonly output: number };
  /** Refuses with this status instead. */
  readonly status?: number;
  /** Of the refusal. */
  readonly message?: string;
  /** Of the refusal, such as `retry-after`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Says nothing before this is settled. */
  readonly until?: Promise<unknown>;
  /** Breaks the connection after this many pieces. */
  readonly cutAfter?: number;
  /** Repeats the text for ever. */
  readonly isEndless?: boolean;
}

/** The answer to a request that does not stream. */
export function completionOf(reply: ScriptedReply, model: string): object {
  return {
    id: 'scripted', object: 'chat.completion', created: 0, model,
    choices: [{
      index: 0,
      finish_reason: finishOf(reply),
      message: { role: 'assistant', content: piecesOf(reply).join(''), ...(reply.calls === undefined ? {} : { tool_calls: reply.calls.map(toToolCall) }) },
    }],
    usage: usageOf(reply),
  };
}

/** The pieces of a streamed answer, as JSON texts. */
export function* framesOf(reply: ScriptedReply, model: string): Generator<string> {
  const frame = (choice: object, extra: object = {}): string => JSON.stringify({ id: 'scripted', object: 'chat.completion.chunk', created: 0, model, choices: [{ index: 0, ...choice }], ...extra });
  do {
    for (const content of piecesOf(reply)) yield frame({ delta: { role: 'assistant', content } });
  } while (reply.isEndless === true);
  for (const [index, call] of (reply.calls ?? []).entries()) {
    const { id, type, function: { name, arguments: text } } = toToolCall(call, index);
    const half = Math.ceil(text.length / 2);
    yield frame({ delta: { tool_calls: [{ index, id, type, function: { name, arguments: text.slice(0, half) } }] } });
    yield frame({ delta: { tool_calls: [{ index, function: { arguments: text.slice(half) } }] } });
  }
  yield frame({ delta: {}, finish_reason: finishOf(reply) });
  yield JSON.stringify({ id: 'scripted', object: 'chat.completion.chunk', created: 0, model, choices: [], usage: usageOf(reply) });
}

function piecesOf({ text = '' }: ScriptedReply): readonly string[] {
  if (typeof text !== 'string') return text;
  return text === '' ? [] : text.split(/(?<= )/);
}

function toToolCall(call: ScriptedCall, index: number): { readonly id: string; readonly type: 'function'; readonly function: { readonly name: string; readonly arguments: string } } {
  const text = typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments);
  return { id: call.id ?? `call_${String(index + 1)}`, type: 'function', function: { name: call.name, arguments: text } };
}

function finishOf({ calls = [] }: ScriptedReply): 'stop' | 'tool_calls' {
  return calls.length > 0 ? 'tool_calls' : 'stop';
}

function usageOf({ usage = { input: 10, output: 5 } }: ScriptedReply): object {
  return { prompt_tokens: usage.input, completion_tokens: usage.output, total_tokens: usage.input + usage.output };
}
