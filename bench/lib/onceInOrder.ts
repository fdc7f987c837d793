/** How many events came exactly once and after every earlier one that came, by how often each came, in the order of arrival. */
export function onceInOrder(seen: ReadonlyMap<number, number>): number {
  let newest = Number.NEGATIVE_INFINITY;
  let count = 0;
  for (const [offset, times] of seen) {
    if (times === 1 && offset > newest) count += 1;
    newest = Math.max(newest, offset);
  }
  return count;
}
