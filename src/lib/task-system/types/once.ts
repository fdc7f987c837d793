/**
 * Makes something when it is first asked for, and gives the same every time after that. What throws is tried again at the next call; a
 * promise is made once, whatever becomes of it.
 */
export function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}
