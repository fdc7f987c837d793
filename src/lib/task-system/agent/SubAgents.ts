import { jsonSchema, tool, type ToolSet } from 'ai';
import { isJsonObject, parseJson, type JsonValue } from '../types/Json.ts';
import type { AgentContext } from './AgentOptions.ts';

type Child = Awaited<ReturnType<AgentContext['subtasks']['spawn']>>;

/** How much of a child's result the model gets to read. */
const MAX_RESULT = 4_096;

/** Tools by which an agent starts tasks of its own and waits for them. Each is a child of the task: bounded, cancelled and paid with it. */
export class SubAgents {
  readonly tools: ToolSet;
  readonly #subtasks: AgentContext['subtasks'];
  readonly #types: readonly string[];
  readonly #children = new Map<string, Child>();

  constructor({ subtasks }: Pick<AgentContext, 'subtasks'>, types: readonly string[]) {
    this.#subtasks = subtasks;
    this.#types = types;
    this.tools = {
      spawn_task: tool({
        description: `Starts another task that works beside you, and returns its id at once. Types: ${types.join(', ')}.`,
        inputSchema: jsonSchema({ type: 'object', required: ['type', 'input'], additionalProperties: false, properties: { type: { type: 'string', enum: [...types] }, input: { description: 'What it is given: a text or an object.' } } }),
        execute: (input: unknown) => this.#spawn(toJson(input)),
      }),
      wait_tasks: tool({
        description: 'Waits until tasks that you have started have ended, and returns what became of them. Without ids: all of them.',
        inputSchema: jsonSchema({ type: 'object', additionalProperties: false, properties: { ids: { type: 'array', items: { type: 'string' } } } }),
        execute: (input: unknown) => this.#wait(toJson(input)),
      }),
    };
  }

  async #spawn(input: JsonValue): Promise<JsonValue> {
    const { type, input: given = null } = isJsonObject(input) ? input : {};
    if (typeof type !== 'string' || !this.#types.includes(type)) throw new TypeError(`type: expected one of ${this.#types.join(', ')}`);
    const child = await this.#subtasks.spawn({ type, input: given });
    this.#children.set(child.id, child);
    return { id: child.id };
  }

  async #wait(input: JsonValue): Promise<JsonValue> {
    const ids = isJsonObject(input) && Array.isArray(input['ids']) ? input['ids'] : [...this.#children.keys()];
    const children = ids.map((id: JsonValue) => {
      const child = typeof id === 'string' ? this.#children.get(id) : undefined;
      if (child === undefined) throw new TypeError(`ids: ${JSON.stringify(id)} is none of yours: ${[...this.#children.keys()].join(', ')}`);
      return child;
    });
    const outcomes = await this.#subtasks.settled(children);
    return outcomes.map(({ id, type, state, result, error }) => ({ id, type, state, ...(result === undefined ? {} : { result: shown(result) }), ...(error === undefined ? {} : { error: error.message.slice(0, MAX_RESULT) }) }));
  }
}

function shown(result: JsonValue): JsonValue {
  const text = JSON.stringify(result);
  return text.length <= MAX_RESULT ? result : `${text.slice(0, MAX_RESULT)}… (${String(text.length)} characters)`;
}

function toJson(input: unknown): JsonValue {
  return parseJson(JSON.stringify(input ?? null));
}
