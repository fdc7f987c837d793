import { renderMessage, renderTools, type RenderedMessage } from './messages/renderMessage.ts';
import { loadTokenizer, type TokenEncoding } from './tokens/loadTokenizer.ts';

/** How tokens are counted. */
export interface TokenCounterOptions {
  /** Vocabulary of the model. For models of other makers, whose tokenizers are not public, it is an estimate: leave a margin. @defaultValue 'o200k' */
  readonly encoding?: TokenEncoding;
  /** Counts a text in place of the built-in tokenizer, which is then never loaded. */
  readonly countTokens?: (text: string) => number;
  /** Tokens that one picture, sound or file counts for. @defaultValue 1500 */
  readonly mediaTokens?: number;
  /** How many messages' counts are remembered, by a hash of their content. @defaultValue 32768 */
  readonly rememberedMessages?: number;
}

/**
 * Counts tokens. A message is its texts, the JSON of its tool calls and results, and 4 more for what
 * stands between messages.
 */
export interface TokenCounter {
  /** Tokens of a text. Special tokens such as `<|endoftext|>` are counted as the text they are. */
  readonly countText: (text: string) => number;
  /** Tokens of one message, in the shape of OpenAI's chat API or of the AI SDK. Counted once, then remembered. */
  readonly countMessage: (message: object) => number;
  /** Tokens of a conversation. */
  readonly countMessages: (messages: readonly object[]) => number;
  /** Tokens of the definitions of tools: their JSON. */
  readonly countTools: (tools: unknown) => number;
  /** Whether a text or a conversation has at most so many tokens. Where its bytes already say so, nothing is counted and no tokenizer loaded. */
  readonly fits: (content: string | readonly object[], maxTokens: number) => boolean;
}

/** What every message costs beside its texts: role and separators. */
const TOKENS_PER_MESSAGE = 4;

const MEDIA_TOKENS = 1_500;
const REMEMBERED_MESSAGES = 32_768;

/**
 * Makes a counter. Nothing is loaded before something must be counted.
 * @throws TaskSystemError `TOKENIZER_UNAVAILABLE` from its methods when gpt-tokenizer cannot be loaded.
 */
export function createTokenCounter(options: TokenCounterOptions = {}): TokenCounter {
  const { encoding = 'o200k', countTokens, mediaTokens = MEDIA_TOKENS, rememberedMessages = REMEMBERED_MESSAGES } = options;
  let exact: ((text: string) => number) | undefined = countTokens;
  const remembered = new Map<string, number>();

  const countText = (text: string): number => {
    exact ??= loadTokenizer(encoding);
    return exact(text);
  };
  const countRendered = ({ texts, media }: RenderedMessage): number =>
    texts.reduce((sum, text) => sum + countText(text), TOKENS_PER_MESSAGE + media * mediaTokens);
  const countMessage = (message: object): number => {
    const rendered = renderMessage(message);
    const key = keyOf(rendered);
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const tokens = countRendered(rendered);
    if (remembered.size >= rememberedMessages) forgetOldest(remembered);
    remembered.set(key, tokens);
    return tokens;
  };
  const countMessages = (messages: readonly object[]): number => messages.reduce((sum, message) => sum + countMessage(message), 0);
  // A token is at least one byte. That holds for byte-pair encodings, not for whatever the user's own function counts.
  const mayWeigh = countTokens === undefined;

  return {
    countText,
    countMessage,
    countMessages,
    countTools: (tools) => (tools === undefined ? 0 : countText(renderTools(tools))),
    fits: (content, maxTokens) => {
      if (typeof content === 'string') return (mayWeigh && Buffer.byteLength(content) <= maxTokens) || countText(content) <= maxTokens;
      return (mayWeigh && weigh(content, mediaTokens, maxTokens) <= maxTokens) || countMessages(content) <= maxTokens;
    },
  };
}

/** An upper bound of the tokens of a conversation; stops adding once it is above `enough`. */
function weigh(messages: readonly object[], mediaTokens: number, enough: number): number {
  let weight = 0;
  for (const message of messages) {
    const { texts, media } = renderMessage(message);
    weight += texts.reduce((sum, text) => sum + Buffer.byteLength(text), TOKENS_PER_MESSAGE + media * mediaTokens);
    if (weight > enough) break;
  }
  return weight;
}

/** By content and not by identity: messages are often copied, and sometimes changed in place. */
function keyOf({ texts, media }: RenderedMessage): string {
  return process.getBuiltinModule('node:crypto').hash('sha256', `${String(media)}\0${texts.map((text) => text.length).join()}\0${texts.join('')}`, 'base64');
}

function forgetOldest(remembered: Map<string, number>): void {
  const { value } = remembered.keys().next();
  if (value !== undefined) remembered.delete(value);
}
