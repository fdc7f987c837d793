import { stringifyJson } from '../../types/Json.ts';
import { isRecord } from '../../types/isRecord.ts';

/** What a message is made of, as far as its size goes. */
export interface RenderedMessage {
  /** Every text that the model reads, one after the other. */
  readonly texts: readonly string[];
  /** Pictures, sounds and files: their size in tokens has nothing to do with that of their data. */
  readonly media: number;
}

const MEDIA_TYPES: readonly unknown[] = ['image', 'image_url', 'input_image', 'file', 'input_file', 'input_audio', 'audio', 'video', 'image-data', 'image-url', 'file-data', 'file-url', 'media'];
/** Fields that only tell a program how to read the others, or are dealt with by themselves. */
const UNREAD_FIELDS: readonly string[] = ['role', 'content', 'type', 'providerOptions', 'providerMetadata', 'experimental_providerMetadata'];

/** Takes a message apart, in the shape of OpenAI's chat API or of the AI SDK. What it does not know counts as the JSON that it is. */
export function renderMessage(message: object): RenderedMessage {
  const texts: string[] = [];
  let media = 0;
  const content: unknown = Reflect.get(message, 'content');
  if (typeof content === 'string') texts.push(content);
  else if (Array.isArray(content)) for (const part of content) media += renderPart(part, texts);
  else if (content !== null && content !== undefined) texts.push(toText(content));
  for (const [key, value] of Object.entries(message)) {
    if (UNREAD_FIELDS.includes(key) || value === undefined || value === null) continue;
    texts.push(toText(value));
  }
  return { texts, media };
}

/** Adds the texts of a part; returns the number of media in it. */
function renderPart(part: unknown, texts: string[]): number {
  if (!isRecord(part)) {
    texts.push(toText(part));
    return 0;
  }
  const { type, text } = part;
  if (MEDIA_TYPES.includes(type)) return 1;
  if ((type === 'text' || type === 'reasoning' || type === 'refusal') && typeof text === 'string') {
    texts.push(text);
    return 0;
  }
  const output = part['output'];
  const { media, rest } = isRecord(output) && output['type'] === 'content' ? withoutMedia(output['value']) : { media: 0, rest: output };
  texts.push(toText(Object.fromEntries(Object.entries(part).filter(([key]) => !UNREAD_FIELDS.includes(key) && key !== 'output'))));
  if (isRecord(output) && typeof output['value'] === 'string') texts.push(output['value']);
  else if (rest !== undefined) texts.push(toText(isRecord(rest) && 'value' in rest ? rest['value'] : rest));
  return media;
}

/** The output of a tool may hold pictures, whose data must not be counted as text. */
function withoutMedia(value: unknown): { readonly media: number; readonly rest: unknown } {
  if (!Array.isArray(value)) return { media: 0, rest: value };
  const rest = value.filter((item) => !isRecord(item) || !MEDIA_TYPES.includes(item['type']));
  return { media: value.length - rest.length, rest };
}

/** A text as it is, and the JSON of anything else; never throws, because a message that cannot be counted would stop its task. */
export function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return stringifyJson(value, (_key, inner) => (typeof inner === 'bigint' ? inner.toString() : inner)) ?? '';
  } catch {
    return String(value);
  }
}

/** The JSON of tool definitions as a model gets them: schemas of validation libraries as JSON Schema, functions left out. */
export function renderTools(tools: unknown): string {
  try {
    return stringifyJson(tools, (_key, value) => jsonSchemaOf(value) ?? value) ?? '';
  } catch {
    return toText(tools);
  }
}

/** By Standard JSON Schema, which zod, Valibot and ArkType speak. */
function jsonSchemaOf(value: unknown): unknown {
  const standard = isRecord(value) ? value['~standard'] : undefined;
  const schema = isRecord(standard) ? standard['jsonSchema'] : undefined;
  const input = isRecord(schema) ? schema['input'] : undefined;
  const made: unknown = typeof input === 'function' ? Reflect.apply(input, schema, [{ target: 'draft-07' }]) : undefined;
  return made;
}
