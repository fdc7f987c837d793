import { describeTaskStore } from './contract.ts';
import { fileStores, memoryStores } from './support.ts';

describeTaskStore('SQLite in a thread of its own', fileStores(true), { persistent: true });
describeTaskStore('SQLite in this thread', fileStores(false), { persistent: true });
describeTaskStore('SQLite in memory', memoryStores, { persistent: false });
