import type { PolicyOptions, PolicyRule, ResolvedPolicy, ToolRule } from './Policy.ts';

/** What a type may do that has no `allow` of its own. */
const DEFAULT_ALLOW: readonly PolicyRule[] = ['fs.*', 'memory.*'];

const APPROVAL_TIMEOUT_MS = 600_000;

/** Fills in the defaults of a policy that was checked. @param source where it was written; explanations name it. */
export function resolvePolicy(options: PolicyOptions | undefined, source: string): ResolvedPolicy {
  const { allow = DEFAULT_ALLOW, deny = [], ask = [], limits = {}, network, project = 'none', approvalTimeoutMs = APPROVAL_TIMEOUT_MS } = options ?? {};
  const layer = Object.freeze({
    source,
    hasOwnAllow: options?.allow !== undefined,
    allow: Object.freeze(allow.map(toRule)),
    deny: Object.freeze(deny.map(toRule)),
    ask: Object.freeze(ask.map(toRule)),
    limits: Object.freeze(Object.entries(limits).map(([tool, limit]) => Object.freeze({ tool, ...limit }))),
  });
  const hosts = (network?.hosts ?? []).map((host) => host.toLowerCase());
  return Object.freeze({ layers: Object.freeze([layer]), network: Object.freeze({ hosts: Object.freeze(hosts) }), project, approvalTimeoutMs });
}

/** A copy that nobody can change. */
function toRule(rule: PolicyRule): ToolRule {
  if (typeof rule === 'string') return Object.freeze({ tool: rule });
  const copy = structuredClone(rule);
  return Object.freeze(copy);
}
