import type { ChatRequest, ScriptedCall, ScriptedReply } from './chat.ts';

const STEPS = ['Look at the program', 'Correct the mistake', 'Say what it was'];

/** What a model would do that mends `stock.mjs`: each step looks at what the tools said. */
export function mendScript(): (request: ChatRequest, index: number) => ScriptedReply {
  return (request, index) => {
    switch (index) {
      case 0: return { text: 'I look first.', calls: [plan(0), { name: 'fs_read', arguments: { path: 'stock.mjs' } }] };
      case 1: return { calls: [plan(1), { name: 'fs_write', arguments: { path: 'stock.mjs', content: corrected(request) } }] };
      case 2: return { calls: [plan(3)] };
      default: return { text: 'The loop began with the second item; it begins with the first one now.' };
    }
  };
}

function plan(done: number): ScriptedCall {
  return { name: 'update_plan', arguments: { steps: STEPS.map((text, index) => ({ text, status: index < done ? 'done' : index === done ? 'in_progress' : 'pending' })) } };
}

/** The program as the tool has read it, corrected. */
function corrected({ messages }: ChatRequest): string {
  const read = messages.filter(({ role }) => role === 'tool').map(({ content }) => String(content)).find((content) => content.includes('countStock'));
  const answer: unknown = JSON.parse(read ?? '{}');
  const text = typeof answer === 'object' && answer !== null && 'content' in answer ? String(answer.content) : '';
  return text.replace('let index = 1', 'let index = 0');
}
