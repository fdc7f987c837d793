/** Writes the pages and parts of pages that are made from the sources. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { errorsPage, withDiagram } from './generatedDocs.ts';
import { withMatrix } from './isolationPage.ts';
import { withProtocol } from './protocolPage.ts';

const docs = path.resolve(import.meta.dirname, '../docs');
const statesFile = path.join(docs, 'states.md');
const subtasksFile = path.join(docs, 'subtasks.md');
const protocolFile = path.join(docs, 'protocol.md');
const isolationFile = path.join(docs, 'isolation.md');
const pages = new Map([
  [path.join(docs, 'errors.md'), errorsPage()],
  [statesFile, withDiagram(readFileSync(statesFile, 'utf8'))],
  [subtasksFile, withDiagram(readFileSync(subtasksFile, 'utf8'))],
  [isolationFile, withMatrix(readFileSync(isolationFile, 'utf8'))],
  [protocolFile, withProtocol(readFileSync(protocolFile, 'utf8'))],
]);

for (const [file, text] of pages) writeFileSync(file, text);
