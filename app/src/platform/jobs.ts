import { PgBoss } from 'pg-boss';
import type { OpenDatabase } from './database.ts';

/** A job that has gone on for so long counts as dead, and is begun again, seconds. A million records are linked in a quarter of an hour. */
const longestJobS = 6 * 3600;
/** Where there may be several servers: one that was not heard of for so long during a job is gone, and the job is begun again, seconds. */
const silentAtMostS = 60;

/** Background work in the records database. Jobs carry no personal data, only what to do. */
export class Jobs {
  readonly #boss: PgBoss;
  readonly #onError: (error: Error, job: string | null) => void;
  readonly #lasting: { retryLimit: number; expireInSeconds: number; heartbeatSeconds?: number };
  /** Who works here on a job, by its name. */
  readonly #workers = new Map<string, string>();

  private constructor(boss: PgBoss, isShared: boolean, onError: (error: Error, job: string | null) => void) {
    this.#boss = boss;
    this.#onError = onError;
    this.#lasting = { retryLimit: 2, expireInSeconds: longestJobS, ...(isShared ? { heartbeatSeconds: silentAtMostS } : {}) };
  }

  /** @param onError told of what goes wrong: with the queue, or in a job, which is tried again */
  static async start(database: OpenDatabase, onError: (error: Error, job: string | null) => void): Promise<Jobs> {
    const boss = new PgBoss({
      db: { executeSql: (text, values) => database.executeSql(text, values as unknown[]) as Promise<{ rows: never[] }> },
      schema: 'jobs',
      supervise: database.kind === 'postgres',
      schedule: true,
    });
    boss.on('error', (error) => onError(error, null));
    await boss.start();
    return new Jobs(boss, database.kind === 'postgres', onError);
  }

  /** Makes the queue of a job as it must be, where it is not so already. */
  async prepare(name: string): Promise<void> {
    const lasting = this.#lasting;
    const queue = await this.#boss.getQueue(name);
    if (!queue) await this.#boss.createQueue(name, { policy: 'short', ...lasting });
    else if (Object.entries(lasting).some(([key, value]) => queue[key as keyof typeof lasting] !== value))
      await this.#boss.updateQueue(name, lasting);
  }

  /** Runs `work` whenever the job is asked for; one at a time, and requests made meanwhile become one more. */
  async define(name: string, work: () => Promise<void>): Promise<void> {
    await this.prepare(name);
    const worker = await this.#boss.work(name, { pollingIntervalSeconds: 2 }, async () => {
      await work().catch((error: Error) => {
        this.#onError(error, name);
        throw error;
      });
    });
    this.#workers.set(name, worker);
  }

  /**
   * Has jobs asked for by the clock, in universal time, by one of the servers; what was so in an earlier version and is not any more ends.
   * @param when by the job, as cron has it: minute, hour, day, month, weekday
   */
  async schedule(when: Record<string, string>): Promise<void> {
    const now = new Map((await this.#boss.getSchedules()).map(({ name, cron }) => [name, cron]));
    for (const name of now.keys()) if (!(name in when)) await this.#boss.unschedule(name);
    for (const [name, cron] of Object.entries(when)) if (now.get(name) !== cron) await this.#boss.schedule(name, cron, null, { tz: 'UTC' });
  }

  /** Asks for a job after some seconds. */
  async askIn(name: string, seconds: number): Promise<void> {
    await this.#boss.send(name, {}, { startAfter: seconds });
  }

  async ask(name: string): Promise<void> {
    await this.#boss.send(name, {});
    // It need not wait until it is looked for; where it is being done already, it is done once more.
    const worker = this.#workers.get(name);
    if (worker) this.#boss.notifyWorker(worker);
  }

  async stop(): Promise<void> {
    await this.#boss.stop({ graceful: true, timeout: 5000 });
  }
}
