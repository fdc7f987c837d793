/**
 * Divides a budget among needs so that nobody gets more than they need, and everybody at least an equal share of the budget or all
 * they need: what small ones leave over goes to the large ones. The sum is never above `total`.
 */
export function shareOut(needs: readonly number[], total: number): readonly number[] {
  const shares = needs.map(() => 0);
  const order = needs.map((need, index) => ({ need, index })).toSorted((left, right) => left.need - right.need || left.index - right.index);
  let left = Math.max(0, Math.floor(total));
  for (const [place, { need, index }] of order.entries()) {
    const share = Math.min(need, Math.floor(left / (order.length - place)));
    shares[index] = share;
    left -= share;
  }
  return shares;
}
