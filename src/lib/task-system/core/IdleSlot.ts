import type { GivenSlot } from '../types/HostCalls.ts';

/**
 * The slot of one attempt whose calls wait for answers: others have it while none of the calls that were answered is being made. A call
 * is made with a slot only.
 */
export class IdleSlot {
  readonly #give: () => Promise<GivenSlot>;
  #waiting = 0;
  #working = 0;
  #given: Promise<GivenSlot> | undefined;

  /** @param give gives the slot to others; may be called again while it is given. */
  constructor(give: () => Promise<GivenSlot>) {
    this.#give = give;
  }

  /**
   * Waits for an answer without the slot, and has it again when the call may be made: then `done` has to be called after it. With a no, the
   * slot is taken back unless other calls wait.
   * @throws TaskSystemError `WAITING_FULL`, or what `answer` rejects with.
   */
  async wait<Answer>(answer: Promise<Answer>, isYes: (answer: Answer) => boolean): Promise<Answer> {
    this.#waiting++;
    let got: Answer;
    try {
      await this.#rest();
      got = await answer;
    } finally {
      this.#waiting--;
    }
    if (isYes(got)) await this.begin();
    else if (this.#waiting === 0) await this.#wake();
    return got;
  }

  /** A call that was allowed is about to be made: resolves when there is a slot for it. */
  async begin(): Promise<void> {
    this.#working++;
    try {
      await this.#wake();
    } catch (error) {
      this.#working--;
      throw error;
    }
  }

  /** A call that was allowed has ended. */
  done(): void {
    this.#working--;
    // That the slot is kept when too many wait already does no harm.
    if (this.#working === 0 && this.#waiting > 0) this.#rest().catch(() => undefined);
  }

  async #rest(): Promise<void> {
    if (this.#working > 0) return;
    const given = this.#give();
    this.#given = given;
    given.catch(() => undefined);
    await given;
  }

  async #wake(): Promise<void> {
    const given = await this.#given?.catch(() => undefined);
    await given?.takeBack();
  }
}
