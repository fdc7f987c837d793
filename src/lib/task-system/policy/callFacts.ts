import { isJsonObject, type JsonValue } from '../types/Json.ts';
import { readTaskPath, type TaskPath } from '../types/taskPath.ts';
import { hostOf, type HostAndPort } from './hosts.ts';

/** What rules can look at in one call. */
export interface CallFacts {
  readonly paths: readonly TaskPath[];
  readonly hosts: readonly HostAndPort[];
  /** Each as its list of words. */
  readonly commands: readonly (readonly string[])[];
  /** Whether the call runs a shell script, which can run any command. */
  readonly isScript: boolean;
  readonly input: JsonValue;
  /** Why the call cannot be allowed whatever the rules say. */
  readonly refusal?: string;
}

/** Looks at the fields of an input that mean the same in every tool: `path`, `paths`, `cwd`, `url`, `command`, `script`. */
export function factsOf(input: JsonValue): CallFacts {
  const fields = isJsonObject(input) ? input : {};
  const paths = [fields['path'], fields['cwd'], ...itemsOf(fields['paths'])].filter((value) => value !== undefined).map(readTaskPath);
  const url = fields['url'];
  const host = typeof url === 'string' ? hostOf(url) : undefined;
  const refusals = [
    ...paths.flatMap((path) => (typeof path === 'string' ? [path] : [])),
    ...(url !== undefined && host === undefined ? ['the url is no address of http or https without user name'] : []),
  ];
  const words = readWords(fields['command']);
  return {
    paths: paths.filter((path) => typeof path !== 'string'),
    hosts: host === undefined ? [] : [host],
    commands: words === undefined ? [] : [words],
    isScript: fields['script'] !== undefined || (fields['command'] !== undefined && words === undefined),
    input,
    ...(refusals[0] === undefined ? {} : { refusal: refusals[0] }),
  };
}

function itemsOf(value: JsonValue | undefined): readonly (JsonValue | undefined)[] {
  const items: readonly JsonValue[] | undefined = Array.isArray(value) ? value : undefined;
  return items ?? [value];
}

function readWords(value: JsonValue | undefined): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const words = value.filter((word): word is string => typeof word === 'string');
  return words.length === value.length ? words : undefined;
}
