import { describe, expect, it } from 'vitest';
import { parseArguments, UsageError } from '../../../examples/demo/arguments.ts';

describe('parseArguments', () => {
  it('has a default for everything', () => {
    expect(parseArguments([], '/here')).toEqual({ folder: '/here', root: '/here/.task-system/demo', kill: false, port: 0, paceMs: undefined });
  });

  it('reads the folder and every option, relative to where it is run', () => {
    expect(parseArguments(['code', '--kill', '--pace', '1.5', '--root', '../data', '--port', '8080'], '/here')).toEqual({
      folder: '/here/code', root: '/data', kill: true, port: 8080, paceMs: 1_500,
    });
  });

  it.each([['--help'], ['-h', '--kill']])('helps when asked: %s', (...args) => {
    expect(parseArguments(args, '/')).toBe('help');
  });

  it.each([
    [['a', 'b'], 'one folder, please, instead of 2: a, b'], [['--port', 'x'], '--port takes a number from 0 to 65535, not "x"'], [['--pace', '-1'], /--pace/],
    [['--pace='], '--pace takes a number from 0 to 600, not ""'], [['--colour'], /Unknown option '--colour'/], [['--kill=yes'], /--kill/],
  ])('refuses %j', (args, message) => {
    expect(() => parseArguments(args, '/')).toThrow(UsageError);
    expect(() => parseArguments(args, '/')).toThrow(message);
  });
});
