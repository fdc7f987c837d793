/** Vitest's global setup. */
export { buildIfStale as setup } from '../../scripts/buildIfStale.ts';
