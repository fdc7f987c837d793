import type { LanguageModelV4GenerateResult, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { parseJson, type JsonValue } from '../types/Json.ts';
import { bytesAsBase64 } from './bytes.ts';

/** A part as it travels, and its size in bytes (of a text: about). */
export interface EncodedPart {
  readonly value: JsonValue;
  readonly bytes: number;
}

/** Room for the fields around a text. */
const AROUND_TEXT = 48;

/** A part of a stream as JSON. */
export function encodePart(part: LanguageModelV4StreamPart): EncodedPart {
  // Nearly all parts are pieces of a text: they are JSON as they are.
  if ((part.type === 'text-delta' || part.type === 'reasoning-delta' || part.type === 'tool-input-delta') && part.providerMetadata === undefined) {
    const { type, id, delta } = part;
    return { value: { type, id, delta }, bytes: delta.length + AROUND_TEXT };
  }
  return encode(part);
}

/** An answer as JSON, without what only the host should see: headers, and bodies of requests and responses. */
export function encodeResult({ content, finishReason, usage, warnings, providerMetadata, response, structuredOutputText }: LanguageModelV4GenerateResult): EncodedPart {
  const { id, modelId, timestamp } = response ?? {};
  return encode({ content, finishReason, usage, warnings, providerMetadata, structuredOutputText, response: { id, modelId, timestamp } });
}

function encode(value: object): EncodedPart {
  const text = JSON.stringify(value, bytesAsBase64);
  return { value: parseJson(text), bytes: text.length };
}
