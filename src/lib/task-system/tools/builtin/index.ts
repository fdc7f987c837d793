import type { ToolPorts } from '../../types/Tools.ts';
import type { BuiltIn } from './BuiltIn.ts';
import { fsEdit } from './fsEdit.ts';
import { fsList } from './fsList.ts';
import { fsRead } from './fsRead.ts';
import { fsRemove } from './fsRemove.ts';
import { fsSearch } from './fsSearch.ts';
import { fsStat } from './fsStat.ts';
import { fsWrite } from './fsWrite.ts';
import { httpFetch } from './httpFetch.ts';
import { memoryRemember } from './memoryRemember.ts';
import { shellRun } from './shellRun.ts';

/** All built-in tools. @param call asks the host, for what only it can do. */
export function builtInTools(call: ToolPorts['call']): readonly BuiltIn[] {
  return [fsRead, fsWrite, fsEdit, fsList, fsSearch, fsStat, fsRemove, shellRun, httpFetch, memoryRemember(call)];
}
