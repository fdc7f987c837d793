import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { DEFAULTS } from '../../src/lib/task-system/types/ResolvedOptions.ts';
import { REPOSITORY } from '../support/files.ts';

/** Which part of DEFAULTS belongs to which interface. */
const GROUPS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  TaskTypeOptions: DEFAULTS.taskType,
  RetryPolicy: DEFAULTS.retry,
  LimitOptions: DEFAULTS.limits,
  ContextOptions: DEFAULTS.context,
  ProjectOptions: DEFAULTS.project,
  QueueOptions: DEFAULTS.queue,
  SubtaskOptions: DEFAULTS.subtasks,
  StorageOptions: DEFAULTS.storage,
  RetentionOptions: DEFAULTS.retention,
  WorkspaceOptions: DEFAULTS.workspaces,
  SandboxOptions: DEFAULTS.sandbox,
  WebhookOptions: DEFAULTS.webhooks,
  NetworkOptions: DEFAULTS.network,
  SubmitOptions: DEFAULTS.submit,
  ListOptions: DEFAULTS.list,
  CloseOptions: DEFAULTS.close,
};

interface Documented { readonly group: string; readonly name: string; readonly text: string | undefined; readonly hasDefault: string | undefined }

function documentedFields(): readonly Documented[] {
  const file = path.join(REPOSITORY, 'src/lib/task-system/types/Options.ts');
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  return source.statements.filter(ts.isInterfaceDeclaration).flatMap((group) => group.members.map((member) => {
    const comment = ts.getJSDocCommentsAndTags(member).map((node) => node.getText()).join(' ');
    return {
      group: group.name.text,
      name: member.name?.getText() ?? '',
      text: comment === '' ? undefined : comment,
      hasDefault: /@defaultValue\s+(\S+)/.exec(comment)?.[1],
    };
  }));
}

const fields = documentedFields();

describe('DEFAULTS', () => {
  it.each(fields.filter(({ group, name }) => Object.hasOwn(GROUPS[group] ?? {}, name)))('$group.$name has the default that its documentation states', ({ group, name, hasDefault }) => {
    const value = GROUPS[group]?.[name];
    const shown = typeof value === 'string' ? `'${value}'` : String(value);
    expect(hasDefault?.replaceAll('_', '')).toBe(shown);
  });

  it('documents every value it holds', () => {
    const documented = new Set(fields.map(({ group, name }) => `${group}.${name}`));
    const held = Object.entries(GROUPS).flatMap(([group, values]) => Object.keys(values).map((name) => `${group}.${name}`));
    expect(held.filter((name) => !documented.has(name))).toEqual([]);
  });

  it('holds a value for every documented number', () => {
    const numbers = fields.filter(({ hasDefault }) => hasDefault !== undefined && /^\d/.test(hasDefault));
    expect(numbers.filter(({ group, name }) => !Object.hasOwn(GROUPS[group] ?? {}, name)).map(({ group, name }) => `${group}.${name}`)).toEqual([]);
  });
});
