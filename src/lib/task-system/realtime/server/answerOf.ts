import { serializeError } from '../../types/Errors.ts';
import type { Clock, Logger } from '../../types/Ports.ts';

const ANSWER_TIMEOUT_MS = 10_000;

/**
 * What a function of the app answers; undefined when it throws, rejects or takes longer than 10 seconds, which is logged. From plain
 * JavaScript anything may come back.
 */
export async function answerOf(name: string, call: () => unknown, { clock, logger }: { readonly clock: Clock; readonly logger: Logger }): Promise<unknown> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = clock.setTimer(ANSWER_TIMEOUT_MS, () => {
    logger.error(`\`${name}\` of the live feed did not answer within 10 seconds; the client was refused.`);
    resolve(undefined);
  });
  try {
    return await Promise.race([call(), late]);
  } catch (error) {
    logger.error(`\`${name}\` of the live feed failed; the client was refused.`, { error: serializeError(error) });
    return undefined;
  } finally {
    timer.cancel();
  }
}
