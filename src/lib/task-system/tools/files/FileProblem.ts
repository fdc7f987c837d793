/** Why something cannot be done with a file, in words that say nothing of where it lies. */
const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EEXIST: 'it is there already',
  EISDIR: 'it is a folder',
  ENOTDIR: 'it is no folder, or a part of the path is none',
  ELOOP: 'it is a link, or is reached through one; links are not followed',
  ENOTFILE: 'it is no regular file',
  ENXIO: 'it is no regular file',
  EACCES: 'it may not be opened',
  EPERM: 'it may not be opened',
  EROFS: 'it can only be read',
  ENAMETOOLONG: 'a name is too long',
  ENOTEMPTY: 'the folder is not empty',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk is full',
  EFBIG: 'the file would be larger than the task may write',
  EMFILE: 'too many files are open',
  EHARDLINK: 'the file has a second name somewhere (a hard link)',
};

/** Something that a file tool could not do. */
export class FileProblem extends Error {
  override readonly name = 'FileProblem';
  /** The code of the system, such as `ENOENT`. */
  readonly reason: string;

  constructor(reason: string, words = WORDS[reason] ?? `the system says ${reason}`) {
    super(words);
    this.reason = reason;
  }

  /** What was thrown, as a problem; what comes from elsewhere than the file system stays what it is. */
  static of(thrown: unknown): FileProblem {
    if (thrown instanceof FileProblem) return thrown;
    const code: unknown = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    return new FileProblem(typeof code === 'string' ? code : 'UNKNOWN');
  }
}
