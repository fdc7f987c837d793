import { TaskSystemError } from '../../types/Errors.ts';
import { parseJson, type JsonValue } from '../../types/Json.ts';
import { MAX_MODEL_REQUEST_BYTES, MAX_OPEN_MODEL_CALLS } from '../../types/ModelCalls.ts';
import type { AskModels, ModelProgram, TaskModel, TaskModelPart, TaskModelRequest, TaskModelResult } from '../../types/Models.ts';
import { once } from '../../types/once.ts';
import { unlessAborted } from '../../types/unlessAborted.ts';
import { bytesAsBase64 } from '../bytes.ts';
import { readParts, readPatterns, readResult } from './revive.ts';

/** The models of the host, for one task. */
export const createModels: ModelProgram['createModels'] = (ask) => {
  const client = new ModelClient(ask);
  return (name, isTurn) => client.model(name, isTurn);
};

/** Calls the models of the host, in the process of a task. */
class ModelClient {
  readonly #ask: AskModels;
  readonly #waiting: (() => void)[] = [];
  #open = 0;
  #nextCall = 0;

  constructor(ask: AskModels) {
    this.#ask = ask;
  }

  /** A model by its name. @param isTurn its calls count as turns of an agent. */
  model(name: string, isTurn: boolean): TaskModel {
    const describe = once(async () => readPatterns(await this.#ask({ op: 'describe', model: name })));
    return {
      specificationVersion: 'v4',
      provider: 'task-system',
      modelId: name,
      get supportedUrls() { return describe(); },
      doGenerate: (request) => this.#generate(name, request, isTurn),
      doStream: (request) => this.#stream(name, request, isTurn),
    };
  }

  async #generate(model: string, request: TaskModelRequest, isTurn: boolean): Promise<TaskModelResult> {
    const call = await this.#enter(request.abortSignal);
    try {
      const answer = await this.#abortable(call, request.abortSignal, this.#ask(toOrder('generate', call, model, request, isTurn)));
      return readResult(answer, model);
    } finally {
      this.#leave();
    }
  }

  async #stream(model: string, request: TaskModelRequest, isTurn: boolean): Promise<{ stream: ReadableStream<TaskModelPart> }> {
    const call = await this.#enter(request.abortSignal);
    const leave = once(() => { this.#leave(); });
    try {
      await this.#abortable(call, request.abortSignal, this.#ask(toOrder('stream', call, model, request, isTurn)));
    } catch (error) {
      leave();
      throw error;
    }
    return { stream: this.#rest(call, request.abortSignal, leave) };
  }

  /** The rest of a stream. Only who reads it asks for more. */
  #rest(call: number, signal: AbortSignal | undefined, leave: () => void): ReadableStream<TaskModelPart> {
    let stop: (() => void) | undefined;
    const end = once(() => {
      if (stop !== undefined) signal?.removeEventListener('abort', stop);
      leave();
    });
    return new ReadableStream<TaskModelPart>({
      start: (controller) => {
        // Also between two questions: nobody may be reading just now.
        stop = () => {
          end();
          this.#abort(call);
          controller.error(signal?.reason);
        };
        if (signal?.aborted === true) stop();
        else signal?.addEventListener('abort', stop, { once: true });
      },
      pull: async (controller) => {
        try {
          const { parts, isDone } = readParts(await this.#ask({ op: 'pull', call }));
          if (signal?.aborted === true) return;
          for (const part of parts) controller.enqueue(part);
          if (!isDone) return;
          controller.close();
          end();
        } catch (error) {
          end();
          controller.error(error);
        }
      },
      cancel: () => {
        end();
        this.#abort(call);
      },
    }, { highWaterMark: 0 });
  }

  /** The host allows a task so many calls at once; more wait here. */
  async #enter(signal: AbortSignal | undefined): Promise<number> {
    while (this.#open >= MAX_OPEN_MODEL_CALLS) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#waiting.push(() => { resolve(undefined); });
      await promise;
    }
    if (signal?.aborted === true) {
      this.#waiting.shift()?.();
      throw signal.reason;
    }
    this.#open++;
    return this.#nextCall++;
  }

  #leave(): void {
    this.#open--;
    this.#waiting.shift()?.();
  }

  async #abortable(call: number, signal: AbortSignal | undefined, work: Promise<JsonValue>): Promise<JsonValue> {
    if (signal === undefined) return work;
    return unlessAborted(work, signal, (reason) => {
      this.#abort(call);
      return reason;
    });
  }

  #abort(call: number): void {
    this.#ask({ op: 'abort', call }).catch(() => undefined);
  }
}

function toOrder(op: 'generate' | 'stream', call: number, model: string, { abortSignal: _signal, ...options }: TaskModelRequest, isTurn: boolean): JsonValue {
  const text = JSON.stringify(options, bytesAsBase64);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_MODEL_REQUEST_BYTES) {
    throw new TaskSystemError('MODEL_REQUEST_INVALID', `The request to "${model}" has ${String(bytes)} bytes as JSON, ${String(MAX_MODEL_REQUEST_BYTES)} are allowed`, { model, bytes });
  }
  return { op, call, model, options: parseJson(text), ...(isTurn ? { isTurn } : {}) };
}
