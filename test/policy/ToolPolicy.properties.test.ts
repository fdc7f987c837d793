import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideCall, mayEverCall, narrowPolicy } from '../../src/lib/task-system/policy/ToolPolicy.ts';
import { parseJson, type JsonValue } from '../../src/lib/task-system/types/Json.ts';
import type { PolicyOptions, PolicyRule, ResolvedPolicy, ToolRule } from '../../src/lib/task-system/types/Policy.ts';
import { resolvePolicy } from '../../src/lib/task-system/types/resolvePolicy.ts';

const tools = ['fs.read', 'fs.write', 'shell.run', 'http.fetch', 'issue'];
const paths = ['a', 'a/b', 'a/b/c.md', 'B', 'project:a', '../x', '.'];
const urls = ['https://a.example', 'http://x.a.example:8080', 'https://b.test', 'nonsense'];
const commands = [['ls'], ['git', 'log'], ['git', 'push', '-f'], ['/bin/ls']];

const some = <Value>(...values: readonly Value[]): fc.Arbitrary<Value[]> => fc.subarray([...values]);
const rule: fc.Arbitrary<PolicyRule> = fc.oneof(
  fc.constantFrom(...tools, '*', 'fs.*', '*.r*'),
  fc.record<ToolRule>({
    tool: fc.constantFrom(...tools, '*', 'fs.*'),
    paths: some('a', '**', 'a/*', '*.md', '**/*.md', 'project:**'),
    hosts: some('a.example', '*.a.example', '*', '*:8080'),
    commands: some<string | string[]>('ls', 'git', ['git', '*'], ['git', '**']),
    args: fc.constantFrom({}, { name: 'x*' }, { name: ['y', 'z'] }),
  }, { requiredKeys: ['tool'] }),
);
const rules = fc.array(rule, { maxLength: 4 });
const options: fc.Arbitrary<PolicyOptions> = fc.record({
  allow: rules,
  deny: fc.array(rule, { maxLength: 2 }),
  ask: fc.array(rule, { maxLength: 2 }),
  approvalTimeoutMs: fc.integer({ min: 1, max: 9 }),
  limits: fc.constantFrom({}, { '*': { maxCalls: 0 } }, { 'fs.*': { maxCalls: 2, timeoutMs: 10 } }),
  network: fc.record({ hosts: some('a.example', '*.a.example', '*', 'b.test', '*.a.example:8080', 'x.a.example') }),
  project: fc.constantFrom<'none' | 'read'>('none', 'read'),
}, { requiredKeys: [] });
const policy: fc.Arbitrary<ResolvedPolicy> = options.map((value) => resolvePolicy(value, 'p'));
const input: fc.Arbitrary<JsonValue> = fc.record({
  path: fc.constantFrom(...paths), paths: some(...paths), url: fc.constantFrom(...urls), command: fc.constantFrom(...commands), script: fc.constant('ls'), name: fc.constantFrom('x1', 'y', 'q'),
}, { requiredKeys: [] });
const call = fc.tuple(fc.constantFrom(...tools), input);
const runs = { numRuns: 2_000 };

function isAllowed(of: ResolvedPolicy, [tool, value]: readonly [string, JsonValue]): boolean {
  return decideCall(of, tool, value).decision === 'allow';
}

/** From the widest to the narrowest. */
const ORDER = ['allow', 'ask', 'deny'] as const;

function decisionOf(of: ResolvedPolicy, [tool, value]: readonly [string, JsonValue]): (typeof ORDER)[number] {
  return decideCall(of, tool, value).decision;
}

describe('a policy', () => {
  it('never allows more when a deny is added', () => {
    fc.assert(fc.property(options, rule, call, (base, extra, one) => {
      const stricter = resolvePolicy({ ...base, deny: [...base.deny ?? [], extra] }, 'p');
      if (isAllowed(stricter, one)) expect(isAllowed(resolvePolicy(base, 'p'), one)).toBe(true);
    }), runs);
  });

  it('never allows less when an allow is added', () => {
    fc.assert(fc.property(options, rule, call, (base, extra, one) => {
      const wider = resolvePolicy({ ...base, allow: [...base.allow ?? ['fs.*', 'memory.*'], extra] }, 'p');
      if (isAllowed(resolvePolicy(base, 'p'), one)) expect(isAllowed(wider, one)).toBe(true);
    }), runs);
  });

  it('of a child never allows what that of its parent does not', () => {
    fc.assert(fc.property(policy, policy, call, (parent, child, one) => {
      if (isAllowed(narrowPolicy(parent, child), one)) expect([isAllowed(parent, one), isAllowed(child, one)]).toEqual([true, true]);
    }), runs);
  });

  it('of a child allows all that both allow', () => {
    fc.assert(fc.property(policy, policy, call, (parent, child, one) => {
      if (isAllowed(parent, one) && isAllowed(child, one)) expect(isAllowed(narrowPolicy(parent, child), one)).toBe(true);
    }), runs);
  });

  it('never allows more, and denies nothing more, when an ask is added', () => {
    fc.assert(fc.property(options, rule, call, (base, extra, one) => {
      const [before, after] = [decisionOf(resolvePolicy(base, 'p'), one), decisionOf(resolvePolicy({ ...base, ask: [...base.ask ?? [], extra] }, 'p'), one)];
      if (after === 'allow') expect(before).toBe('allow');
      if (after === 'deny') expect(before).toBe('deny');
    }), runs);
  });

  it('asks for no call that one of its rules denies', () => {
    fc.assert(fc.property(options, call, (base, one) => {
      if (decisionOf(resolvePolicy(base, 'p'), one) === 'ask') expect(decisionOf(resolvePolicy({ ...base, allow: ['*'], ask: [] }, 'p'), one)).toBe('allow');
    }), runs);
  });

  it('of a child never lets through without asking what that of its parent asks for, nor asks for what that denies', () => {
    fc.assert(fc.property(policy, policy, call, (parent, child, one) => {
      const [above, own, narrowed] = [parent, child, narrowPolicy(parent, child)].map((of) => ORDER.indexOf(decisionOf(of, one)));
      expect(narrowed).toBe(Math.max(above ?? 0, own ?? 0));
    }), runs);
  });

  it('of a child waits no longer for an answer than that of its parent', () => {
    fc.assert(fc.property(policy, policy, (parent, child) => {
      expect(narrowPolicy(parent, child).approvalTimeoutMs).toBe(Math.min(parent.approvalTimeoutMs, child.approvalTimeoutMs));
    }), runs);
  });

  it('covers by an answer for the task only calls that fit the rules which ask, and never one that a rule before them could mean', () => {
    fc.assert(fc.property(rules, call, call, (ask, one, other) => {
      const of = resolvePolicy({ allow: ['*'], network: { hosts: ['*'] }, project: 'read', ask }, 'p');
      const [given, later] = [decideCall(of, ...one), decideCall(of, ...other)];
      if (given.scope === undefined || given.scope !== later.scope) return;
      expect(later.decision).toBe('ask');
      // With that rule as the only one that allows anything, both calls are allowed.
      const index = Number(/\[(\d+)\]$/.exec(later.rule)?.[1]);
      const alone = resolvePolicy({ allow: ask.slice(index, index + 1), network: { hosts: ['*'] }, project: 'read' }, 'p');
      expect([isAllowed(alone, one), isAllowed(alone, other)]).toEqual([true, true]);
    }), runs);
  });

  it('of a grandchild is the same whichever two are narrowed first', () => {
    fc.assert(fc.property(policy, policy, policy, call, (a, b, c, one) => {
      expect(decisionOf(narrowPolicy(narrowPolicy(a, b), c), one)).toBe(decisionOf(narrowPolicy(a, narrowPolicy(b, c)), one));
    }), runs);
  });

  it('of a child never has a limit above its parent\'s', () => {
    fc.assert(fc.property(policy, policy, call, (parent, child, [tool, value]) => {
      const [own, narrowed] = [parent, narrowPolicy(parent, child)].map((of) => decideCall(of, tool, value).limits);
      for (const name of ['maxCalls', 'timeoutMs', 'maxOutputBytes'] as const) {
        if (own?.[name] !== undefined) expect(narrowed?.[name]).toBeLessThanOrEqual(own[name]);
      }
    }), runs);
  });

  it('allows no call of a tool that mayEverCall rules out', () => {
    fc.assert(fc.property(policy, call, (of, one) => {
      if (decisionOf(of, one) !== 'deny') expect(mayEverCall(of, one[0])).toBe(true);
    }), runs);
  });

  it('decides every input without throwing, and in bounded time', () => {
    fc.assert(fc.property(policy, fc.string(), fc.jsonValue(), (of, tool, value) => {
      expect(['allow', 'ask', 'deny']).toContain(decideCall(of, tool, parseJson(JSON.stringify(value))).decision);
    }), runs);
  });
});
