import type { HookVerdict } from '../types/Hooks.ts';
import { isRecord } from '../types/isRecord.ts';

/** What a hook says of an approval; undefined for everything that is no answer. */
export function verdictOf(returned: unknown): HookVerdict | undefined {
  if (returned === 'allow' || returned === 'deny') return { decision: returned };
  if (!isRecord(returned)) return undefined;
  const { decision, by, reason, remember } = returned;
  if (decision !== 'allow' && decision !== 'deny') return undefined;
  return {
    decision,
    ...(typeof by === 'string' ? { by } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(remember === 'task' ? { remember } : {}),
  };
}
