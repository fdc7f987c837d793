/** Colours text, or leaves it as it is. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly blue: (text: string) => string;
  readonly cyan: (text: string) => string;
}

/** The signs that a terminal can show. */
export interface Glyphs {
  readonly full: string;
  readonly empty: string;
  /** Parts of a full block, smallest first. */
  readonly partial: readonly string[];
  readonly rule: string;
  readonly done: string;
  readonly failed: string;
  readonly cancelled: string;
  readonly queued: string;
  readonly spinner: readonly string[];
}

const UNICODE: Glyphs = {
  full: '█', empty: '░', partial: ['▏', '▎', '▍', '▌', '▋', '▊', '▉'], rule: '─',
  done: '✔', failed: '✖', cancelled: '⊘', queued: '·', spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
};

const ASCII: Glyphs = {
  full: '#', empty: '.', partial: [], rule: '-', done: '+', failed: 'x', cancelled: '/', queued: '.', spinner: ['|', '/', '-', '\\'],
};

/** Environment variables that say what a terminal can do. */
export type TerminalEnvironment = Readonly<Record<string, string | undefined>>;

/** Colours for a terminal, nothing for a pipe. */
export function createStyle(coloured: boolean): Style {
  const paint = (open: number, close: number) => (text: string): string => (coloured ? `\u001b[${open}m${text}\u001b[${close}m` : text);
  return {
    bold: paint(1, 22), dim: paint(2, 22), red: paint(31, 39), green: paint(32, 39), yellow: paint(33, 39), blue: paint(34, 39), cyan: paint(36, 39),
  };
}

/** Whether to use colours: not with NO_COLOR (https://no-color.org) or a dumb terminal; otherwise on a terminal, or when FORCE_COLOR asks. */
export function wantsColour(isTerminal: boolean, environment: TerminalEnvironment): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = environment;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '' && FORCE_COLOR !== '0') return true;
  return isTerminal && TERM !== 'dumb';
}

/** Unicode signs where the locale can show them, plain ASCII elsewhere. */
export function chooseGlyphs(environment: TerminalEnvironment, platform: string): Glyphs {
  const locale = [environment['LC_ALL'], environment['LC_CTYPE'], environment['LANG']].find((value) => value !== undefined && value !== '') ?? '';
  return platform === 'win32' || platform === 'darwin' || /utf-?8/i.test(locale) ? UNICODE : ASCII;
}
