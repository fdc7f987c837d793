/** What the catalogue knows about one error code. `docs/errors.md` is generated from it. */
export interface ErrorEntry {
  /** What happened, in one sentence. */
  readonly summary: string;
  /** The usual cause. */
  readonly cause: string;
  /** What to do about it. */
  readonly fix: string;
  /** Whether doing the same again may succeed. */
  readonly retryable: boolean;
}
