import { TaskSystemError } from '../types/Errors.ts';
import type { TaskContext } from '../types/Handler.ts';
import type { JsonValue } from '../types/Json.ts';
import type { ModelProgram, StartModels } from '../types/Models.ts';
import type { HostMethod } from '../types/Protocol.ts';
import { loadProgram } from './loadProgram.ts';

/** What the models of a task need of the process it lives in. */
export interface LazyModelPorts {
  readonly call: (method: HostMethod, params: JsonValue) => Promise<JsonValue>;
  /** Undefined in a system without models. */
  readonly models?: StartModels;
}

/** `model` of the handler. The program that makes the calls is loaded by the first one, and by nothing else. */
export function lazyModels({ call, models }: LazyModelPorts): TaskContext['model'] {
  let create: ReturnType<ModelProgram['createModels']> | undefined;
  return (name = 'default', { isTurn = false } = {}) => {
    if (models?.names.includes(name) !== true) {
      const known = models === undefined || models.names.length === 0 ? 'there are no models' : `there are: ${models.names.join(', ')}`;
      throw new TaskSystemError('MODEL_UNKNOWN', `"${name}"; ${known}`, { model: name });
    }
    create ??= programAt(models.program).createModels((params) => call('model', params));
    return create(name, isTurn);
  };
}

function programAt(path: string): ModelProgram {
  const program = loadProgram(path);
  if (isProgram(program)) return program;
  throw new TaskSystemError('CONTEXT_UNAVAILABLE', `${path} cannot be used`);
}

function isProgram(value: unknown): value is ModelProgram {
  return typeof value === 'object' && value !== null && 'createModels' in value && typeof value.createModels === 'function';
}
