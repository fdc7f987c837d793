/** Which tasks a snapshot holds: these, those of whole trees, and of projects (or, with `everything`, of all) those that have not ended. */
export interface SnapshotFilter {
  readonly everything: boolean;
  readonly projects: readonly string[];
  readonly taskIds: readonly string[];
  readonly rootIds: readonly string[];
  /** Of those that have not ended at most this many, the newest. Trees and `taskIds` are whole all the same. */
  readonly limit: number;
}
