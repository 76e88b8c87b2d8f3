import { PgBoss } from 'pg-boss';
import type { OpenDatabase } from './database.ts';

/** A job that has gone on for so long counts as dead, and is begun again, seconds. A million records are linked in a quarter of an hour. */
const longestJobS = 6 * 3600;

/** Background work in the records database. Jobs carry no personal data, only what to do. */
export class Jobs {
  readonly #boss: PgBoss;
  /** Who works here on a job, by its name. */
  readonly #workers = new Map<string, string>();

  private constructor(boss: PgBoss) {
    this.#boss = boss;
  }

  static async start(database: OpenDatabase, onError: (error: Error) => void): Promise<Jobs> {
    const boss = new PgBoss({
      db: { executeSql: (text, values) => database.executeSql(text, values as unknown[]) as Promise<{ rows: never[] }> },
      schema: 'jobs',
      supervise: database.kind === 'postgres',
      schedule: false,
    });
    boss.on('error', onError);
    await boss.start();
    return new Jobs(boss);
  }

  /** Runs `work` whenever the job is asked for; one at a time, and requests made meanwhile become one more. */
  async define(name: string, work: () => Promise<void>): Promise<void> {
    const lasting = { retryLimit: 2, expireInSeconds: longestJobS };
    if (await this.#boss.getQueue(name)) await this.#boss.updateQueue(name, lasting);
    else await this.#boss.createQueue(name, { policy: 'short', ...lasting });
    const worker = await this.#boss.work(name, { pollingIntervalSeconds: 2 }, async () => {
      await work();
    });
    this.#workers.set(name, worker);
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
