/** What something that was thrown says for itself: users throw anything, not only errors. Never throws. */
export function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return 'an error that cannot be read (its properties throw)';
  }
}
