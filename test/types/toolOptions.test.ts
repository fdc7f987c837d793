import { describe, expect, it } from 'vitest';
import { parseTaskSystemOptions } from '../../src/lib/task-system/types/parseOptions.ts';
import { thrownBy } from '../support/thrown.ts';

const parse = (rest: object): ReturnType<typeof parseTaskSystemOptions> => parseTaskSystemOptions({ root: '/var/tasks', tasks: {}, ...rest });

describe('parseTaskSystemOptions: tools and secrets', () => {
  it('has none unless they are given', () => {
    expect(parse({})).toMatchObject({ tools: {}, secrets: [] });
  });

  it('keeps tools as they are, whatever library made them', () => {
    const tools = { one: { execute: () => 1, [Symbol('x')]: 1 } };
    expect(parse({ tools }).tools).toBe(tools);
  });

  it.each([[7], ['x'], [{ one: 1 }], [[1]], [() => 1]])('refuses %j as tools', (tools) => {
    expect(thrownBy(() => parse({ tools })).message).toContain('tools: expected an object of tools by name, or a list of tools with names');
  });

  it('refuses a secret that is too short to be found, without printing it', () => {
    const error = thrownBy(() => parse({ secrets: ['abc'] }));
    expect(error.message).toContain('secrets[0]: expected a text of 6 characters or more, got a string');
    expect(error.message).not.toContain('abc');
  });

  it('does not change when the list that was given does', () => {
    const secrets = ['hunter22'];
    const parsed = parse({ secrets });
    secrets.push('hunter23');
    expect(parsed.secrets).toEqual(['hunter22']);
  });
});
