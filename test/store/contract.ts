import { describe } from 'vitest';
import { describeApprovals } from './contract/approvals.ts';
import { describeClaims } from './contract/claims.ts';
import { describeCreation } from './contract/creation.ts';
import { describeEvents } from './contract/events.ts';
import { describeLedger } from './contract/ledger.ts';
import { describeFamilies } from './contract/families.ts';
import { describeFamilyModel } from './contract/familyModel.ts';
import { describeLifecycle } from './contract/lifecycle.ts';
import { describeModel } from './contract/model.ts';
import { describeOutbox } from './contract/outbox.ts';
import { describePersistence } from './contract/persistence.ts';
import { describePruning } from './contract/pruning.ts';
import { describeReads } from './contract/reads.ts';
import { describeRecovery } from './contract/recovery.ts';
import { describeSettlements } from './contract/settlements.ts';
import { describeSnapshots } from './contract/snapshots.ts';
import { describeTrees } from './contract/trees.ts';
import type { OpenStore, StoreCapabilities } from './support.ts';

/** What every adapter of `TaskStore` has to do. `open` gives each test a new, empty store. */
export function describeTaskStore(name: string, open: OpenStore, capabilities: StoreCapabilities): void {
  describe(`TaskStore: ${name}`, () => {
    describeCreation(open);
    describeTrees(open);
    describeFamilies(open);
    // The rules are the same SQL in all of them: most trees grow where nothing waits for a disk.
    describeFamilyModel(open, capabilities.persistent ? 50 : 200);
    describeClaims(open);
    describeSettlements(open);
    describeRecovery(open);
    describeEvents(open);
    describeReads(open);
    describeSnapshots(open);
    describePruning(open);
    describeLifecycle(open);
    describeModel(open);
    describeOutbox(open);
    describeLedger(open);
    describeApprovals(open);
    if (capabilities.persistent) describePersistence(open);
  });
}
