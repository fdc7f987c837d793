import { describe, expect, it } from 'vitest';
import { readOrder } from '../../../src/lib/task-system/policy/sandbox/CanaryOrder.ts';

const order = { workspace: '/workspace', outside: '/x/secret', namespaces: { pid: 'pid:[1]' } };

describe('readOrder', () => {
  it('reads what the host wrote', () => {
    expect(readOrder(JSON.stringify(order))).toEqual(order);
  });

  it.each(['null', '1', '"x"', '{}', '{"workspace":"/w","outside":"/o"}'])('takes %s for no order', (json) => {
    expect(readOrder(json)).toBeUndefined();
  });
});
