import { describe, expect, it } from 'vitest';
import { override } from '../../src/lib/task-system/realtime/server/override.ts';

class Greeter {
  readonly name = 'Ada';

  greet(word: string): string {
    return `${word}, ${this.name}`;
  }
}

describe('override', () => {
  it('stands in for a method, which it can still call', () => {
    const greeter = new Greeter();
    override(greeter, 'greet', (receiver, args, inner) => `${String(inner(receiver, args))}!`);
    expect(greeter.greet('Hello')).toBe('Hello, Ada!');
  });

  it('concerns one object only', () => {
    override(new Greeter(), 'greet', () => 'replaced');
    expect(new Greeter().greet('Hello')).toBe('Hello, Ada');
  });

  it('puts back that there was no method of its own', () => {
    const greeter = new Greeter();
    const restore = override(greeter, 'greet', () => 'replaced');
    expect([restore(), Object.hasOwn(greeter, 'greet'), greeter.greet('Hello')]).toEqual([true, false, 'Hello, Ada']);
  });

  it('puts back the very property that was there', () => {
    const own = { greet: (): string => 'own' };
    const before = Object.getOwnPropertyDescriptor(own, 'greet');
    override(own, 'greet', () => 'replaced')();
    expect(Object.getOwnPropertyDescriptor(own, 'greet')).toEqual(before);
  });

  it('touches nothing when somebody else came later', () => {
    const own = { greet: (): string => 'own' };
    const restore = override(own, 'greet', () => 'ours');
    own.greet = () => 'theirs';
    expect([restore(), own.greet()]).toEqual([false, 'theirs']);
  });

  it('stays as hidden or as visible as the method was', () => {
    const [greeter, own] = [new Greeter(), { greet: (): string => 'own' }];
    override(greeter, 'greet', () => 'replaced');
    override(own, 'greet', () => 'replaced');
    expect([Object.keys(greeter), Object.keys(own)]).toEqual([['name'], ['greet']]);
  });

  it('answers nothing for a method that was never there', () => {
    const bare: { greet?: () => unknown } = {};
    override(bare, 'greet', (receiver, args, inner) => inner(receiver, args));
    expect(bare.greet?.()).toBeUndefined();
  });
});
