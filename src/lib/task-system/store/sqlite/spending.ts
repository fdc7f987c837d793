import type { Spend, SpendLedger } from '../../types/Budgets.ts';
import type { OpQueue } from './OpQueue.ts';
import { numberOf, textOf } from './rows.ts';
import type { Row } from './wire.ts';

/** The ledger of a store: turns calls into operations. */
export function ledgerOf(queue: OpQueue): SpendLedger {
  return {
    async spent(accounts) {
      const { rows = [] } = await queue.ask(['spent', accounts]);
      return new Map(rows.map((row) => [textOf(row, 'account'), toSpend(row)]));
    },
    async charge(accounts, spend, time) {
      await queue.ask(['charge', accounts, spend, time]);
    },
  };
}

function toSpend(row: Row): Spend {
  return {
    modelCalls: numberOf(row, 'model_calls'),
    inputTokens: numberOf(row, 'input_tokens'),
    outputTokens: numberOf(row, 'output_tokens'),
    cost: numberOf(row, 'cost'),
    toolCalls: numberOf(row, 'tool_calls'),
    turns: numberOf(row, 'turns'),
  };
}
