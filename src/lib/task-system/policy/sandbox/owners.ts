/** The variable of the environment in which a sandboxed process of a root host is told which user it is to become. */
export const OWNER_VARIABLE = 'TASK_SYSTEM_OWNER';

/** The first of the numbers that no distribution and no service manager gives to users. */
export const FIRST_OWNER = 60_600;
const OWNERS = 500;

/** Gives each sandboxed process of a root host a user of its own: the limits that the kernel keeps per user are then per task. */
export class Owners {
  #next = 0;

  /** The number for the next process. */
  take(): number {
    const owner = FIRST_OWNER + this.#next;
    this.#next = (this.#next + 1) % OWNERS;
    return owner;
  }
}
