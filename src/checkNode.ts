import { assertNodeVersion } from './lib/task-system/types/nodeVersion.ts';

// Imported before everything else: an old Node shall say one clear sentence instead of failing somewhere inside.
assertNodeVersion(process.versions.node);
