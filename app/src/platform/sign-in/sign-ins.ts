import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from '../database.ts';
import type { OpenIdSignIn, SignedIn, Tokens } from './openid.ts';
import type { DatabaseSessionStore } from './session-store.ts';

/** While it cannot be asked, a session goes on for so long after it last was, ms. */
const unaskedAtMostMs = 30 * 60_000;
/** Without a token to ask with, a session lasts so long, ms. */
const withoutAskingMs = 60 * 60_000;

/** Why a session ended, for the page that says so. */
export type Ended = 'not vouched for' | 'another role' | 'not asked';

/**
 * Sign-ins as the identity provider knows them: it is asked again every few minutes whether it still vouches for somebody, and for
 * the same role.
 */
export class SignIns {
  readonly #db: Database;
  readonly #sessions: DatabaseSessionStore;
  readonly #key: Buffer;
  /** Sessions that were asked about lately, with when; and questions under way. */
  readonly #asked = new Map<string, number>();
  readonly #asking = new Map<string, Promise<Ended | null>>();
  onError: (error: unknown) => void = () => undefined;

  readonly #askEveryMs: number;

  /** @param askEveryMs the provider is asked again after so long */
  constructor(db: Database, sessions: DatabaseSessionStore, secret: string, askEveryMs: number) {
    this.#askEveryMs = askEveryMs;
    this.#db = db;
    this.#sessions = sessions;
    this.#key = Buffer.from(hkdfSync('sha256', secret, '', 'waymark sign-ins', 32));
    sessions.on('ended', (id: string) => {
      this.#asked.delete(id);
      void this.#remove([id]).catch((error) => this.onError(error));
    });
  }

  /** Notes a sign-in. Other sessions of the same account in another role end: nobody is in two halves at once. */
  async begin(session: string, user: SignedIn, tokens: Tokens): Promise<void> {
    await sql`INSERT INTO platform.sign_ins (session_id, subject, provider_session, refresh_token, id_token)
      VALUES (${session}, ${user.id}, ${tokens.providerSession}, ${this.#seal(tokens.refresh)}, ${this.#seal(tokens.id)})
      ON CONFLICT (session_id) DO NOTHING`.execute(this.#db);
    if (user.role !== 'person')
      await sql`INSERT INTO platform.staff (actor, name, role) VALUES (${user.id}, ${user.name}, ${user.role})
        ON CONFLICT (actor) DO UPDATE SET name = excluded.name, role = excluded.role, seen_at = now()`.execute(this.#db);
    this.#asked.set(session, Date.now());
    await this.#sessions.endOtherRolesOf(user.id, user.role);
    // What belongs to sessions that ran out is of no use to anybody.
    await sql`DELETE FROM platform.sign_ins s WHERE at < now() - interval '1 hour'
      AND NOT EXISTS (SELECT FROM platform.sessions p WHERE p.id = s.session_id)`.execute(this.#db);
  }

  /** The provider's own token of a session, for its logout; null where there is none. */
  async idTokenOf(session: string): Promise<string | null> {
    const { rows } = await sql<{ id_token: string | null }>`SELECT id_token FROM platform.sign_ins WHERE session_id = ${session}`.execute(
      this.#db,
    );
    return this.#unseal(rows[0]?.id_token ?? null);
  }

  /** Whether somebody may still be here; why not, otherwise. The session is ended then. */
  async whyEnded(session: string, user: SignedIn, openId: OpenIdSignIn, now = Date.now()): Promise<Ended | null> {
    if (now - (this.#asked.get(session) ?? 0) < this.#askEveryMs) return null;
    const running = this.#asking.get(session);
    if (running) return running;
    const asking = this.#ask(session, user, openId, now).finally(() => this.#asking.delete(session));
    this.#asking.set(session, asking);
    return asking;
  }

  async #ask(session: string, user: SignedIn, openId: OpenIdSignIn, now: number): Promise<Ended | null> {
    const { rows } = await sql<{ refresh_token: string | null; at: Date; asked_at: Date }>`
      SELECT refresh_token, at, asked_at FROM platform.sign_ins WHERE session_id = ${session}`.execute(this.#db);
    const [known] = rows;
    const refresh = this.#unseal(known?.refresh_token ?? null);
    if (!known) return this.#end(session, 'not asked');
    if (now - known.asked_at.getTime() < this.#askEveryMs) {
      this.#asked.set(session, known.asked_at.getTime());
      return null;
    }
    if (!refresh) return now - known.at.getTime() > withoutAskingMs ? this.#end(session, 'not asked') : null;
    try {
      const renewed = await openId.renew(refresh, user.id);
      if (!renewed) return this.#end(session, 'not vouched for');
      if (renewed.user.role !== user.role) return this.#end(session, 'another role');
      await sql`UPDATE platform.sign_ins SET refresh_token = ${this.#seal(renewed.tokens.refresh)},
        id_token = coalesce(${this.#seal(renewed.tokens.id)}, id_token), asked_at = now() WHERE session_id = ${session}`.execute(this.#db);
      this.#asked.set(session, now);
      return null;
    } catch (error) {
      this.onError(error);
      // It is asked again in a minute; for a while whoever is here stays.
      this.#asked.set(session, now - this.#askEveryMs + 60_000);
      return now - known.asked_at.getTime() > unaskedAtMostMs ? this.#end(session, 'not asked') : null;
    }
  }

  /** Ends what the provider says has ended. Gives how many sessions. */
  async endBy({ subject, providerSession }: { subject: string | null; providerSession: string | null }): Promise<number> {
    const { rows } = await sql<{ id: string }>`SELECT session_id AS id FROM platform.sign_ins
      WHERE ${providerSession !== null ? sql`provider_session = ${providerSession}` : sql`subject = ${subject}`}`.execute(this.#db);
    for (const { id } of rows) await this.#sessions.end(id);
    return rows.length;
  }

  async #end(session: string, why: Ended): Promise<Ended> {
    await this.#sessions.end(session);
    return why;
  }

  async #remove(ids: string[]): Promise<void> {
    await sql`DELETE FROM platform.sign_ins WHERE session_id = ANY(${ids}::text[])`.execute(this.#db);
  }

  /** AES-256-GCM under a key of the server's own: whoever reads the database alone cannot speak for anybody. */
  #seal(text: string | null): string | null {
    if (text === null) return null;
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv);
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  #unseal(text: string | null): string | null {
    if (text === null) return null;
    try {
      const bytes = Buffer.from(text, 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, 12)).setAuthTag(bytes.subarray(12, 28));
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
    } catch {
      // Another secret sealed it: the session is asked about no more.
      return null;
    }
  }
}
