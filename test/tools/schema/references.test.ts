import { describe, expect, it } from 'vitest';
import { checkJson } from '../../../src/lib/task-system/tools/schema/checkJson.ts';
import type { JsonObject, JsonValue } from '../../../src/lib/task-system/types/Json.ts';

/** Whether a text, and no number, fits what the reference leads to. */
function leadsToText($ref: string, schema: JsonObject): boolean {
  const fits = (value: JsonValue): boolean => checkJson({ ...schema, $ref }, value).issues === undefined;
  return fits('text') && !fits(7);
}

const text = { type: 'string' };

describe('checkJson: references', () => {
  it('follow names below the root', () => {
    expect(leadsToText('#/$defs/name', { $defs: { name: text } })).toBe(true);
  });

  it('take a slash and a tilde in a name as JSON Pointer writes them', () => {
    expect(leadsToText('#/$defs/a~1b~0c', { $defs: { 'a/b~c': text } })).toBe(true);
  });

  it('take a name with spaces as addresses write them', () => {
    expect(leadsToText('#/$defs/My%20Type', { $defs: { 'My Type': text } })).toBe(true);
  });

  it('take other scripts either way', () => {
    expect([leadsToText('#/$defs/%E8%9C%82', { $defs: { 蜂: text } }), leadsToText('#/$defs/蜂', { $defs: { 蜂: text } })]).toEqual([true, true]);
  });

  it('take a percent sign that begins nothing for itself', () => {
    expect(leadsToText('#/$defs/100%', { $defs: { '100%': text } })).toBe(true);
  });

  it('lead into lists by their places', () => {
    expect(leadsToText('#/$defs/list/1', { $defs: { list: [{ type: 'number' }, text] } })).toBe(true);
  });

  it('may lead through another reference', () => {
    expect(leadsToText('#/$defs/a', { $defs: { a: { $ref: '#/$defs/b' }, b: text } })).toBe(true);
  });

  it('fill in the defaults of what they lead to', () => {
    const schema: JsonObject = { $defs: { a: { type: 'object', properties: { n: { type: 'number', default: 3 } } } }, $ref: '#/$defs/a' };
    expect(checkJson(schema, {})).toEqual({ value: { n: 3 } });
  });
});
