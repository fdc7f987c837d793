/** Undoes an override. False when somebody else has overridden the method since: then ours is still in the chain. */
export type Restore = () => boolean;

/** Stands in for a method. `inner` calls what was there before. */
export type Replacement = (receiver: unknown, args: readonly unknown[], inner: (receiver: unknown, args: readonly unknown[]) => unknown) => unknown;

/**
 * Puts a function in place of a method of one object.
 * @returns puts the former state back exactly: the own property that was there, or none.
 */
export function override(target: object, name: string, replacement: Replacement): Restore {
  const before = Object.getOwnPropertyDescriptor(target, name);
  const former: unknown = Reflect.get(target, name);
  const inner = (receiver: unknown, args: readonly unknown[]): unknown => (typeof former === 'function' ? Reflect.apply(former, receiver, args) : undefined);
  const value = function (this: unknown, ...args: readonly unknown[]): unknown {
    return replacement(this, args, inner);
  };
  Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: before?.enumerable ?? false });
  return () => {
    if (Object.getOwnPropertyDescriptor(target, name)?.value !== value) return false;
    return before === undefined ? Reflect.deleteProperty(target, name) : Reflect.defineProperty(target, name, before);
  };
}
