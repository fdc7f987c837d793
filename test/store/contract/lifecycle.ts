import { describe, expect, it } from 'vitest';
import { rejectionOf } from '../../support/thrown.ts';
import { newTask, type OpenStore } from '../support.ts';

/** `close`. */
export function describeLifecycle(open: OpenStore): void {
  describe('close', () => {
    it('finishes what was asked for before it', async () => {
      const { store } = await open();
      const creations = Array.from({ length: 20 }, (_, index) => store.create(newTask(`t${String(index)}`)));
      const closed = store.close();
      await expect(Promise.all(creations)).resolves.toHaveLength(20);
      await closed;
    });

    it('refuses what is asked for after it', async () => {
      const { store } = await open();
      const closed = store.close();
      expect((await rejectionOf(store.create(newTask('a')))).code).toBe('SYSTEM_CLOSED');
      await closed;
      expect((await rejectionOf(store.get('a'))).code).toBe('SYSTEM_CLOSED');
    });

    it('may be called again and again', async () => {
      const { store } = await open();
      await Promise.all([store.close(), store.close()]);
      await store.close();
    });
  });
}
