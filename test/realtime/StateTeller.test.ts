import { describe, expect, it } from 'vitest';
import { StateTeller, type FeedState } from '../../src/lib/task-system/realtime/client/StateTeller.ts';

function listen(teller: StateTeller): FeedState[] {
  const told: FeedState[] = [];
  teller.on((state) => { told.push(state); });
  return told;
}

describe('StateTeller', () => {
  it('is connecting at first, and tells nobody so', () => {
    const teller = new StateTeller();
    expect([teller.state, listen(teller)]).toEqual(['connecting', []]);
  });

  it('tells a change once', () => {
    const teller = new StateTeller();
    const told = listen(teller);
    teller.set('live', {});
    teller.set('live', {});
    expect([teller.state, told]).toEqual(['live', ['live']]);
  });

  it('tells every reset: each is news', () => {
    const teller = new StateTeller();
    const told = listen(teller);
    teller.set('reset', {});
    teller.set('reset', {});
    expect(told).toEqual(['reset', 'reset']);
  });

  it('passes the details on', () => {
    const teller = new StateTeller();
    const details: object[] = [];
    teller.on((_state, given) => { details.push(given); });
    teller.set('closed', { closeCode: 4401 });
    expect(details).toEqual([{ closeCode: 4401 }]);
  });

  it('tells a listener no more that was removed, also when the same function was added twice', () => {
    const teller = new StateTeller();
    const told: FeedState[] = [];
    const listener = (state: FeedState): void => { told.push(state); };
    const remove = teller.on(listener);
    teller.on(listener);
    remove();
    teller.set('live', {});
    expect(told).toEqual(['live']);
  });

  it('tells all who listened when it began, although one of them removes another', () => {
    const teller = new StateTeller();
    const told: string[] = [];
    const removals: (() => void)[] = [];
    teller.on(() => { for (const remove of removals) remove(); told.push('first'); });
    removals.push(teller.on(() => { told.push('second'); }));
    teller.set('live', {});
    expect(told).toEqual(['first', 'second']);
  });
});
