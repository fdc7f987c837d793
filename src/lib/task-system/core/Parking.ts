import { TaskSystemError } from '../types/Errors.ts';
import type { GivenSlot } from '../types/HostCalls.ts';
import type { Clock } from '../types/Ports.ts';
import type { Committed, TaskRecord, TaskStore } from '../types/TaskStore.ts';
import type { Slot } from './Slot.ts';

/** What parking works with. */
export interface ParkingPorts {
  readonly store: Pick<TaskStore, 'families'>;
  readonly clock: Clock;
  /** How many attempts may be parked at once. */
  readonly maxWaiting: number;
  readonly publish: (committed: Committed) => void;
  /** A slot became free. */
  readonly onFree: () => void;
}

/** Attempts whose handlers wait for something that takes long: their processes stay, their slots go to others. */
export class Parking {
  readonly #ports: ParkingPorts;
  #parked = 0;

  constructor(ports: ParkingPorts) {
    this.#ports = ports;
  }

  /** How many attempts are parked. */
  get parked(): number {
    return this.#parked;
  }

  /** The place of one attempt. @param signal is aborted when the attempt is being stopped. */
  place(task: TaskRecord, slot: Slot, signal: AbortSignal): ParkingPlace {
    return new ParkingPlace(task, slot, signal, {
      ...this.#ports,
      enter: () => {
        if (this.#parked >= this.#ports.maxWaiting) {
          throw new TaskSystemError('WAITING_FULL', `${String(this.#parked)} tasks wait already`, { taskId: task.id, maxWaiting: this.#ports.maxWaiting });
        }
        this.#parked++;
      },
      leave: () => { this.#parked--; },
    });
  }
}

interface PlacePorts extends ParkingPorts {
  /** Counts one more. Throws when there is no room. */
  readonly enter: () => void;
  readonly leave: () => void;
}

/** Where one attempt is parked, or not. What it is asked for is done one after the other. */
export class ParkingPlace {
  readonly #task: TaskRecord;
  readonly #slot: Slot;
  readonly #signal: AbortSignal;
  readonly #ports: PlacePorts;
  #isParked = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(task: TaskRecord, slot: Slot, signal: AbortSignal, ports: PlacePorts) {
    this.#task = task;
    this.#slot = slot;
    this.#signal = signal;
    this.#ports = ports;
  }

  /** See `Caller.giveSlot`. Also for an attempt that is parked already. */
  async giveSlot(children: number): Promise<GivenSlot> {
    await this.#inTurn(() => this.#park(children));
    return { takeBack: () => this.#inTurn(() => this.#goOn()) };
  }

  /** The attempt is over. */
  leave(): void {
    if (this.#isParked) this.#ports.leave();
    this.#isParked = false;
  }

  async #park(children: number): Promise<void> {
    if (this.#isParked) return;
    this.#signal.throwIfAborted();
    const { store, clock, publish, enter, leave, onFree } = this.#ports;
    enter();
    try {
      const parked = await store.families.park(this.#task.id, this.#task.fence, children, clock.now());
      if (parked === undefined) throw lost(this.#task.id);
      this.#isParked = true;
      publish(parked);
    } catch (error) {
      leave();
      throw error;
    }
    this.#slot.give();
    onFree();
  }

  async #goOn(): Promise<void> {
    if (!this.#isParked) return;
    const { store, clock, publish, leave } = this.#ports;
    await this.#slot.take(this.#signal);
    const resumed = await store.families.unpark(this.#task.id, this.#task.fence, clock.now());
    if (resumed === undefined) throw lost(this.#task.id);
    this.#isParked = false;
    leave();
    publish(resumed);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}

function lost(taskId: string): TaskSystemError {
  return new TaskSystemError('TASK_INTERRUPTED', `Task ${taskId} was taken over by another host`, { taskId });
}
