import type { Glyphs } from './style.ts';

/** Draws a progress bar of exactly `columns` columns. Only 100 % looks full, and only 0 % looks empty if there is room to tell. */
export function renderBar(percent: number, columns: number, glyphs: Glyphs): string {
  const width = Math.max(0, Math.floor(columns));
  const share = Number.isFinite(percent) ? Math.min(100, Math.max(0, percent)) / 100 : 0;
  const steps = glyphs.partial.length + 1;
  const filled = Math.floor(share * width * steps);
  const full = Math.floor(filled / steps);
  const part = filled % steps === 0 ? '' : glyphs.partial[filled % steps - 1] ?? '';
  return glyphs.full.repeat(full) + part + glyphs.empty.repeat(width - full - (part === '' ? 0 : 1));
}
