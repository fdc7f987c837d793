import type { BuiltIn } from './BuiltIn.ts';
import { fsList } from './fsList.ts';
import { fsRead } from './fsRead.ts';
import { fsWrite } from './fsWrite.ts';

/** All built-in tools. */
export const BUILT_IN_TOOLS: readonly BuiltIn[] = [fsRead, fsWrite, fsList];
