/** Which tasks a snapshot holds: these, those of whole trees, and of projects (or, with `everything`, of all) those that have not ended. */
export interface SnapshotFilter {
  readonly everything: boolean;
  readonly projects: readonly string[];
  readonly taskIds: readonly string[];
  readonly rootIds: readonly string[];
  /** Beside `taskIds` and the roots themselves at most this many, the newest. */
  readonly limit: number;
}
