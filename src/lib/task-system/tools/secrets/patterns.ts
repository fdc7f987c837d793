/**
 * Formats of keys that are in use. Each begins with something that is searched for and takes characters of one kind from there, so that
 * no text can make the search slow.
 */
const KEYS: readonly RegExp[] = [
  /\bsk-(?:ant-|proj-|or-|svcacct-)?[A-Za-z0-9_-]{16,}/g,
  /\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}/g,
  /\bgh[opsur]_[A-Za-z0-9]{20,}/g,
  /\bgithub_pat_[A-Za-z0-9_]{20,}/g,
  /\bglpat-[A-Za-z0-9_-]{16,}/g,
  /\bnpm_[A-Za-z0-9]{30,}/g,
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bAIza[A-Za-z0-9_-]{30,}/g,
  /\bya29\.[A-Za-z0-9_-]{20,}/g,
  /\bhf_[A-Za-z0-9]{24,}/g,
  /\bwhsec_[A-Za-z0-9+/=]{16,}/g,
  /\beyJ[A-Za-z0-9_-]{8,1024}\.[A-Za-z0-9_-]{8,1024}(?:\.[A-Za-z0-9_-]*)?/g,
];
const PRIVATE_KEY = /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s\\:,-]*/g;
const HEADER = /(\bauthorization["']?[ \t]{0,4}[:=][ \t]{0,4}["']?(?:(?:Bearer|Basic)[ \t]{1,4})?)[A-Za-z0-9._~+/=-]{12,}/gi;
/** With a digit or an equals sign: "basic authentication" is no secret. */
const AUTHORISATION = /\b(Bearer|Basic)\s+(?=[A-Za-z._~+/-]{0,512}[0-9=])[A-Za-z0-9._~+/=-]{12,}/gi;
const PASSWORD_IN_ADDRESS = /(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/]{0,128}:)[^\s@/]{1,256}@/gi;
const SECRET_NAME = /(?:^|[_-])(?:password|passwd|passphrase|secret|token|authorization|cookie|credentials?|api[_-]?key|private[_-]?key|access[_-]?key)$/i;

/** A text without anything that looks like a key. */
export function redactPatterns(text: string, mark: string): string {
  const clean = KEYS.reduce((rest, pattern) => rest.replace(pattern, mark), text);
  return clean.replace(PRIVATE_KEY, mark).replace(HEADER, `$1${mark}`).replace(AUTHORISATION, `$1 ${mark}`).replace(PASSWORD_IN_ADDRESS, `$1${mark}@`);
}

/** Whether the name of a field says that it holds a secret: `apiKey`, `client_secret`, `Authorization`. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name.replace(/([a-z0-9])([A-Z])/g, '$1_$2'));
}
