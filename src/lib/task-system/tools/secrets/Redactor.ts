import type { SerializedError } from '../../types/Errors.ts';
import { isRecord } from '../../types/isRecord.ts';
import { isJsonObject, parseJson, stringifyJson, type JsonValue } from '../../types/Json.ts';
import { isSecretName, redactPatterns } from './patterns.ts';

/** What stands where a secret stood. */
const MARK = '[redacted]';
/** How much of a value is looked at for its copy, in characters; the rest is left out. Looking costs time of the host. */
const MAX_LOOKED_AT = 8_192;
const MAX_COPIED_TEXT = 2_048;
/** What a value costs beside its text. */
const NODE_COST = 8;
/** At the end of a text that was cut there may be a part of a key, which no longer looks like one. */
const EDGE = 256;
/** A shorter line of a secret stands in too many texts by chance. */
const MIN_LINE = 8;

/**
 * Takes secrets out of what others will see: values that are registered, in the forms in which they travel, and what looks like a key
 * by its format or by the name of its field.
 */
export class Redactor {
  readonly #forms: readonly string[];

  /** @param secrets the registered values. */
  constructor(secrets: readonly string[] = []) {
    // What is printed comes line by line, and so does a key that has several.
    const lines = secrets.flatMap((secret) => secret.split(/\r?\n/).filter((line) => line !== secret && line.length >= MIN_LINE));
    const forms = [...secrets, ...lines].flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('base64url')]);
    // The longest first: one may be a part of another.
    this.#forms = [...new Set(forms)].sort((left, right) => right.length - left.length);
  }

  /** A text for people: without registered values, without what looks like a key, and not too long. */
  text(text: string, longest = MAX_COPIED_TEXT): string {
    const clean = redactPatterns(this.#withoutValues(text.slice(0, MAX_LOOKED_AT)), MARK);
    if (text.length <= MAX_LOOKED_AT && clean.length <= longest) return clean;
    const kept = clean.slice(0, Math.min(longest, text.length <= MAX_LOOKED_AT ? clean.length : Math.max(0, clean.length - EDGE))).toWellFormed();
    return `${kept}… (${String(text.length)} characters)`;
  }

  /** How long the longest form of a registered value is, in characters; 0 when there is none. */
  get longest(): number {
    return this.#forms[0]?.length ?? 0;
  }

  /** A value of plain data without the registered values: for those who may see everything else. */
  values<Value>(value: Value): Value;
  values(value: unknown): unknown {
    return this.#forms.length === 0 ? value : this.#withoutValuesIn(value);
  }

  /** The same for a value as JSON. */
  json(text: string): string {
    return this.#forms.some((form) => text.includes(form)) ? stringifyJson(this.values(parseJson(text))) ?? text : text;
  }

  /** An error as others will see it: without registered values, and without what looks like a key in its words. */
  error(error: SerializedError): SerializedError {
    const { message, stack, cause } = error;
    return {
      ...this.values(error),
      message: this.#words(message),
      ...(stack === undefined ? {} : { stack: this.#words(stack) }),
      ...(cause === undefined ? {} : { cause: this.error(cause) }),
    };
  }

  /** A copy for an event: without secrets, and small. */
  copy(value: JsonValue): JsonValue {
    return this.#copy(value, { left: MAX_LOOKED_AT });
  }

  #words(text: string): string {
    return redactPatterns(this.#withoutValues(text), MARK);
  }

  #copy(value: JsonValue, budget: { left: number }): JsonValue {
    budget.left -= NODE_COST;
    if (typeof value === 'string') {
      const clean = this.text(value, Math.max(0, Math.min(MAX_COPIED_TEXT, budget.left)));
      budget.left -= Math.min(value.length, MAX_LOOKED_AT);
      return clean;
    }
    if (Array.isArray(value)) {
      const items: readonly JsonValue[] = value;
      return copyWhile(items, budget, (item) => this.#copy(item, budget), '…');
    }
    if (!isJsonObject(value)) return value;
    const entries = copyWhile<[string, JsonValue]>(Object.entries(value), budget, ([key, item]) => {
      budget.left -= key.length;
      return [this.text(key), isSecretName(key) && typeof item === 'string' && item !== '' ? MARK : this.#copy(item, budget)];
    }, ['…', 'left out']);
    return Object.fromEntries(entries);
  }

  #withoutValuesIn(value: unknown): unknown {
    if (typeof value === 'string') return this.#withoutValues(value);
    if (Array.isArray(value)) return value.map((item) => this.#withoutValuesIn(item));
    if (!isRecord(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.#withoutValues(key), this.#withoutValuesIn(item)]));
  }

  #withoutValues(text: string): string {
    return this.#forms.reduce((clean, form) => (clean.includes(form) ? clean.replaceAll(form, MARK) : clean), text);
  }
}

/** Copies items until the budget is used up; then says so with one more. */
function copyWhile<Item>(items: readonly Item[], budget: { readonly left: number }, copy: (item: Item) => Item, more: Item): Item[] {
  const copies: Item[] = [];
  for (const item of items) {
    if (budget.left <= 0) return [...copies, more];
    copies.push(copy(item));
  }
  return copies;
}
