import type { JetStreamManager } from '@nats-io/jetstream';
import type { LogMessage } from '../fixes/message-log.ts';

/** Of one question, at most so much. */
export const readTogether = 256;
const maxBytes = 8 * 1024 * 1024;
/**
 * A question goes to any of the log servers that have the stream. For half a minute after one was cut off the others send every second
 * question into the void: it is asked again after so long, ms, for so often.
 */
const firstAnswerMs = 700;
const triesAtMost = 4;
/** Between one message of an answer and the next, and for an answer at the last try, ms: the rest is not waited for. */
const answersWithinMs = 2500;

/**
 * Asks the log servers for the messages of a stream that come after one. An answer that breaks off, because the log server that gave it
 * was lost or the connection was made again meanwhile, ends with what has come of it.
 * @returns messages in order and without a gap among them; none where there are none
 * @throws Error when no log server answers in time
 */
export async function readBatch(manager: JetStreamManager, stream: string, after: number): Promise<LogMessage[]> {
  for (let left = triesAtMost - 1; left > 0; left--) {
    const { messages, error } = await ask(manager, stream, after, firstAnswerMs);
    if (messages.length > 0 || isNothing(error)) return messages;
  }
  const { messages, error } = await ask(manager, stream, after, answersWithinMs);
  if (messages.length === 0 && !isNothing(error)) throw error;
  return messages;
}

/** After the last message there is none. */
const isNothing = (error: Error | undefined) => !error || (error as { code?: unknown }).code === 404;

async function ask(manager: JetStreamManager, stream: string, after: number, firstWithinMs: number) {
  const messages: LogMessage[] = [];
  let timer: NodeJS.Timeout | undefined;
  let stop: (error?: Error) => void = () => undefined;
  const waitFor = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => stop(new Error('timeout')), ms);
  };
  const error = await new Promise<Error | undefined>((resolve, reject) => {
    // With a callback and not one by one: so the client gives the subscription of each question back at its end, and not after a while.
    const answer = manager.direct.getBatch(stream, {
      seq: after + 1,
      batch: readTogether,
      max_bytes: maxBytes,
      callback: (done, message) => {
        if (done) return resolve(done.err);
        waitFor(answersWithinMs);
        const { seq, data } = message;
        const before = messages[messages.length - 1]?.seq;
        if (before !== undefined && seq !== before + 1) return stop();
        messages.push({ seq, data });
      },
    });
    waitFor(firstWithinMs);
    answer.then((iterator) => {
      stop = (cause) => iterator.stop(cause);
    }, reject);
  }).finally(() => clearTimeout(timer));
  return { messages, error };
}
