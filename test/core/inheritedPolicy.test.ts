import { describe, expect, it } from 'vitest';
import { isJsonObject, type JsonValue } from '../../src/lib/task-system/types/Json.ts';
import type { PolicyOptions } from '../../src/lib/task-system/types/Policy.ts';
import { openSystem, testOptions } from './support.ts';

const STEPS = { steps: [{ tool: 'fs.write', input: { path: 'a', content: 'hello' } }, { tool: 'fs.read', input: { path: 'a' } }] };

/** What the calls of a child come to, by the policies of its type and of its parent's. */
async function callsOfChild(parent: PolicyOptions, child: PolicyOptions): Promise<readonly JsonValue[]> {
  const system = await openSystem(testOptions({ 'spawns.mjs': { policy: parent }, 'uses-tools.ts': { policy: child } }));
  const spawned = await (await system.submit({ type: 'spawns', input: { children: [{ type: 'uses-tools', input: STEPS }] } })).result();
  const [id] = Array.isArray(spawned) ? spawned : [];
  const result = await system.handle(String(id)).result();
  return isJsonObject(result) && isList(result['results']) ? result['results'] : [];
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

describe('the policy of a child', () => {
  it('allows what both its type and its parent allow', async () => {
    expect(await callsOfChild({ allow: ['fs.*'] }, { allow: ['fs.*'] })).toMatchObject([{ output: { bytes: 5 } }, { output: { content: 'hello' } }]);
  });

  it('denies what its parent may not, and names the rule', async () => {
    expect(await callsOfChild({ allow: ['fs.*'], deny: ['fs.write'] }, { allow: ['*'] })).toMatchObject([
      { code: 'TOOL_DENIED', message: expect.stringContaining('tasks.spawns.policy.deny[0]') }, { code: expect.not.stringMatching('TOOL_DENIED') },
    ]);
  });

  it('denies what its own type may not, whatever its parent may', async () => {
    expect(await callsOfChild({ allow: ['*'] }, { allow: ['fs.read'] })).toMatchObject([{ code: 'TOOL_DENIED', message: expect.stringContaining('tasks.uses-tools.policy') }, {}]);
  });
});
