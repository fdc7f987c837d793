import type { JsonValue } from '../types/Json.ts';
import { messageOf } from '../types/messageOf.ts';
import type { PolicyDecision, PolicyLayer, ResolvedPolicy, ToolLimits } from '../types/Policy.ts';
import { factsOf, type CallFacts } from './callFacts.ts';
import { fitsGlob } from '../types/globs.ts';
import { commonHosts, fitsHost } from './hosts.ts';
import { allows, denies, describeRule } from './rules.ts';

/** The tools that only look; no other one gets a path of the project. */
const READING = ['fs.read', 'fs.list', 'fs.search', 'fs.stat'];

/**
 * Decides one call of a tool: every layer of the policy has to allow it, or to ask. In a layer a `deny` that matches wins, then an `ask`,
 * and no match denies. Pure; whatever goes wrong while deciding denies.
 */
export function decideCall(policy: ResolvedPolicy, tool: string, input: JsonValue): PolicyDecision {
  try {
    const facts = factsOf(input);
    const limits = limitsOf(policy, tool);
    const refusal = refusalOf(policy, tool, facts);
    if (refusal !== undefined) return { decision: 'deny', ...refusal, limits };
    const verdicts = policy.layers.map((layer) => decideLayer(layer, tool, facts));
    const verdict = verdicts.find(({ decision }) => decision === 'deny') ?? allAsking(verdicts) ?? verdicts.at(-1)
      ?? { decision: 'deny', rule: 'default', reason: `no policy says anything of ${tool}` };
    return { ...verdict, limits };
  } catch (error) {
    return { decision: 'deny', rule: 'error', reason: `the call could not be decided: ${messageOf(error)}`, limits: {} };
  }
}

/**
 * The policy of a child: what both allow, and nothing else, asking where one of them asks; of limits, the lower one. The explanation of a denial names the layer.
 */
export function narrowPolicy(parent: ResolvedPolicy, child: ResolvedPolicy): ResolvedPolicy {
  return Object.freeze({
    layers: Object.freeze([...new Set([...parent.layers, ...child.layers])]),
    network: Object.freeze({ hosts: Object.freeze(commonHosts(parent.network.hosts, child.network.hosts)) }),
    project: parent.project === 'read' && child.project === 'read' ? 'read' : 'none',
    approvalTimeoutMs: Math.min(parent.approvalTimeoutMs, child.approvalTimeoutMs),
  });
}

/**
 * Whether a policy could allow some call of a tool, asked for or not. False is certain; true may need arguments that no call has.
 * Decides before anything runs, such as which sandbox a type needs whose policy lets it run commands.
 */
export function mayEverCall(policy: ResolvedPolicy, tool: string): boolean {
  if (limitsOf(policy, tool).maxCalls === 0) return false;
  return policy.layers.length > 0 && policy.layers.every(({ allow, deny, ask }) => (
    [...allow, ...ask].some((rule) => fitsGlob(rule.tool, tool)) && !deny.some((rule) => Object.keys(rule).length === 1 && fitsGlob(rule.tool, tool))
  ));
}

type Verdict = Omit<PolicyDecision, 'limits'>;

/** What no rule can allow. */
function refusalOf(policy: ResolvedPolicy, tool: string, facts: CallFacts): Pick<Verdict, 'rule' | 'reason'> | undefined {
  const source = policy.layers.at(-1)?.source ?? 'policy';
  if (facts.refusal !== undefined) return { rule: 'input', reason: facts.refusal };
  if (limitsOf(policy, tool).maxCalls === 0) return { rule: `${source}.limits`, reason: `${tool} may be called 0 times` };
  if (facts.paths.some(({ inProject }) => inProject)) {
    if (policy.project === 'none') return { rule: `${source}.project`, reason: 'the policy shows nothing of the project directory' };
    if (!READING.includes(tool)) return { rule: 'default', reason: `the project directory can only be looked at, with ${READING.join(', ')}` };
  }
  const host = tool === 'http.fetch' ? facts.hosts.find((one) => !policy.network.hosts.some((pattern) => fitsHost(pattern, one))) : undefined;
  return host === undefined ? undefined : { rule: `${source}.network.hosts`, reason: `${host.host}:${host.port} is not among the hosts that the task may reach` };
}

function decideLayer(layer: PolicyLayer, tool: string, facts: CallFacts): Verdict {
  const { source, allow, deny, hasOwnAllow } = layer;
  const denied = deny.findIndex((rule) => denies(rule, tool, facts));
  const denying = deny[denied];
  if (denying !== undefined) return { decision: 'deny', rule: `${source}.deny[${String(denied)}]`, reason: `denied by the rule ${describeRule(denying)}` };
  const allowed = allow.findIndex((rule) => allows(rule, tool, facts));
  const asking = askingOf(layer, tool, facts, allowed >= 0);
  if (asking !== undefined) return asking;
  const allowing = allow[allowed];
  const place = hasOwnAllow ? `${source}.allow` : 'default';
  if (allowing === undefined) return { decision: 'deny', rule: place, reason: `no rule allows this call of ${tool}` };
  return { decision: 'allow', rule: hasOwnAllow ? `${place}[${String(allowed)}]` : place, reason: `allowed by the rule ${describeRule(allowing)}` };
}

/**
 * What could be meant by a rule of `ask` is not simply allowed. Only what fits one as a whole is asked for where no `allow` matches; and an
 * answer for other calls of a rule covers only what fits that rule as a whole.
 */
function askingOf({ source, ask }: PolicyLayer, tool: string, facts: CallFacts, isAllowed: boolean): Verdict | undefined {
  const fits = ask.map((rule) => allows(rule, tool, facts));
  const index = ask.findIndex((rule, at) => fits[at] === true || denies(rule, tool, facts));
  const rule = ask[index];
  if (rule === undefined || !(isAllowed || fits.includes(true))) return undefined;
  const described = describeRule(rule);
  const scope = fits[index] === true ? { scope: `${source}: ${described}` } : {};
  return { decision: 'ask', rule: `${source}.ask[${String(index)}]`, reason: `asked for by the rule ${described}`, ...scope };
}

/** Several layers may ask: one answer is for all of them. */
function allAsking(verdicts: readonly Verdict[]): Verdict | undefined {
  const asking = verdicts.filter(({ decision }) => decision === 'ask');
  if (asking.length === 0) return undefined;
  const [rules, reasons, scopes] = [asking.map(({ rule }) => rule), asking.map(({ reason }) => reason), asking.flatMap(({ scope }) => scope ?? [])];
  return {
    decision: 'ask', rule: rules.join(', '), reason: [...new Set(reasons)].join(', '), ...(scopes.length < asking.length ? {} : { scope: scopes.toSorted().join(' + ') }),
  };
}

/** Of all limits that name the tool, the lowest of each kind. */
function limitsOf(policy: ResolvedPolicy, tool: string): ToolLimits {
  const matching = policy.layers.flatMap(({ limits }) => limits).filter((limit) => fitsGlob(limit.tool, tool));
  const lowest = (name: keyof ToolLimits): Partial<Record<keyof ToolLimits, number>> => {
    const values = matching.flatMap((limit) => limit[name] ?? []);
    return values.length === 0 ? {} : { [name]: Math.min(...values) };
  };
  return { ...lowest('maxCalls'), ...lowest('timeoutMs'), ...lowest('maxOutputBytes') };
}
