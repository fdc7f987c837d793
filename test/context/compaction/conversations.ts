import fc from 'fast-check';
import type { ContextMessage } from '../../../src/lib/task-system/context/messages/readMessage.ts';

/** The shapes that are understood. */
export type Shape = 'openai' | 'sdk';

const text = fc.oneof(
  { weight: 6, arbitrary: fc.lorem({ maxCount: 30 }) },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom('😀', '中', '文', 'ก', ' ', '\n', '"', '<|endoftext|>'), maxLength: 60 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 60 }).map((times) => `row ${times} of /var/log/app-${times}.txt; `.repeat(times)) },
);
const record = fc.dictionary(fc.constantFrom('id', 'path', 'name', 'rows', 'note'), fc.oneof(text, fc.uuid(), fc.integer()), { maxKeys: 4 });

type Step =
  | { readonly kind: 'user' | 'assistant'; readonly text: string }
  | { readonly kind: 'calls'; readonly inputs: readonly Record<string, unknown>[]; readonly outputs: readonly string[]; readonly reused: boolean; readonly asks: boolean; readonly thinks: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('user' as const), text }),
  fc.record({ kind: fc.constant('assistant' as const), text }),
  fc.record({ kind: fc.constant('calls' as const), inputs: fc.array(record, { minLength: 1, maxLength: 3 }), outputs: fc.array(fc.oneof(text, record.map((value) => JSON.stringify(value))), { minLength: 3, maxLength: 3 }), reused: fc.boolean(), asks: fc.boolean(), thinks: fc.boolean() }),
);

/** A conversation with parallel calls, ids that come again, approvals, thoughts, huge messages, and scripts of all kinds. */
export const conversation: fc.Arbitrary<{ readonly shape: Shape; readonly messages: readonly ContextMessage[] }> = fc.record({
  shape: fc.constantFrom<Shape>('openai', 'sdk'),
  steps: fc.array(step, { minLength: 2, maxLength: 24 }),
}).map(({ shape, steps }) => ({ shape, messages: [{ role: 'system', content: 'You help.' }, { role: 'user', content: 'Begin.' }, ...steps.flatMap((one, index) => write(one, index, shape))] }));

function write(step: Step, index: number, shape: Shape): readonly ContextMessage[] {
  if (step.kind !== 'calls') return [{ role: step.kind, content: step.text }];
  const ids = step.inputs.map((_, place) => (step.reused ? `call_${place}` : `call_${index}_${place}`));
  const results = ids.map((id, place) => ({ id, output: step.outputs[place] ?? '' }));
  if (shape === 'sdk') {
    const calls = step.inputs.map((input, place) => ({ type: 'tool-call', toolCallId: ids[place], toolName: 'look', input }));
    const asked = step.asks ? ids.map((id) => ({ type: 'tool-approval-request', approvalId: `ask_${index}_${id}`, toolCallId: id })) : [];
    const answered = asked.map(({ approvalId }) => ({ type: 'tool-approval-response', approvalId, approved: true }));
    return [
      ...(step.thinks ? [{ role: 'assistant', content: [{ type: 'reasoning', text: 'Let me see.' }] }] : []),
      { role: 'assistant', content: [...calls, ...asked] },
      ...(answered.length > 0 ? [{ role: 'tool', content: answered }] : []),
      { role: 'tool', content: results.map(({ id, output }) => ({ type: 'tool-result', toolCallId: id, toolName: 'look', output: { type: 'text', value: output } })) },
    ];
  }
  const calls = step.inputs.map((input, place) => ({ id: ids[place], type: 'function', function: { name: 'look', arguments: JSON.stringify(input) } }));
  const call: ContextMessage = Object.assign({ role: 'assistant', content: null }, { tool_calls: calls });
  return [call, ...results.map(({ id, output }) => Object.assign({ role: 'tool', content: output }, { tool_call_id: id }))];
}
