/** What is measured or said, and seldom repeated: amounts, times of day, moments, pairs of letters. */
export const SLIGHT = 0.2;
const ID_DIGITS = 5;

/** 0 to 1: how much a value by itself looks like something that a later step must repeat exactly. */
export function looksOf(value: string): number {
  if (isSlight(value)) return SLIGHT;
  if (/\d/.test(value)) return value.includes(' ') ? 0.6 : 1;
  if (value.includes(' ')) return value.length > 40 ? 0.2 : 0.4;
  return /[_@/\\.-]|^[A-Z]{3,}$/.test(value) ? 0.9 : 0.6;
}

/** Whether a value says how much or when rather than which. Long numbers are ids; dates without a time are often asked for again. */
export function isSlight(value: string): boolean {
  if (value.length < 3) return true;
  if (/^[^\w\s]?\d[\d.,]*[^\w\s]?$/.test(value)) return /[.,]/.test(value) || value.replaceAll(/\D/g, '').length < ID_DIGITS;
  return /^\d{1,2}:\d\d|^\d{4}-\d\d-\d\d[T ]\d/.test(value);
}

/** Whether a name, such as `userId`, `file_path` or `Order number`, says that its values tell things apart. */
export function namesThings(key: string): boolean {
  return /(?:^|[\s_.-])(?:ids?|key|code|number|path|file(?:name)?|name|ur[li]|email|hash|ref|branch|slug|token)$/i.test(key.replace(/(?<=[a-z\d])(?=[A-Z])/g, ' '));
}
