import type { ErrorEntry } from './ErrorEntry.ts';

/** Codes of files that tasks want to keep. */
export const artifactErrors = {
  ARTIFACT_REFUSED: {
    summary: 'The file cannot be kept as an artifact.',
    cause: 'It is not a regular file of the workspace with one name: a link, a folder, a FIFO, a device, a file with a second name, a path with hidden names or leading out; or it came too late.',
    fix: 'Keep plain files of the workspace, by paths like "report/result.csv", before the handler returns.',
    retryable: false,
  },
  ARTIFACT_LIMIT: {
    summary: 'The task keeps more than it may.',
    cause: 'More files than `limits.artifacts` (default 64), or more bytes than `limits.artifactsMb` (default 256) together.',
    fix: 'Keep fewer or smaller files, or raise the limits of the task type.',
    retryable: false,
  },
  ARTIFACT_CHANGED: {
    summary: 'The file was changed after it was kept, and is not among the artifacts.',
    cause: 'Something of the task wrote to the file, replaced it, gave it another name or other rights after `workspace.keep`.',
    fix: 'Call `workspace.keep` when the file is finished; calling it again takes the file as it is by then.',
    retryable: false,
  },
} as const satisfies Record<string, ErrorEntry>;
