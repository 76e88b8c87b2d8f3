import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.ts';
import type { AccessPolicy, Actor, Purpose } from '../platform/access.ts';
import type { Performer } from '../platform/action.ts';
import type { Changes } from '../platform/changes.ts';
import type { DataFolder } from '../platform/data-folder.ts';
import type { OpenDatabase } from '../platform/database.ts';
import type { FixStore } from '../platform/fixes/fix-store.ts';
import type { AddressService, Gazetteer } from '../platform/gazetteer/index.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { SignedIn } from '../platform/sign-in/openid.ts';
import type { DatabaseSessionStore } from '../platform/sign-in/session-store.ts';
import type { Waiting } from '../platform/waiting.ts';

declare module 'fastify' {
  interface Session {
    user?: SignedIn;
    /** When somebody signed in, ms since 1970. */
    began?: number;
    notice?: string;
    /** In which somebody reads their own pages. */
    language?: string;
  }
  interface FastifyRequest {
    actor: Actor | null;
    /** Signed in by a token rather than a browser session. */
    byToken: boolean;
  }
  interface FastifyContextConfig {
    /** Open to anybody: health, sign-in, assets. Everything else needs an actor. */
    open?: boolean;
    /** The action that guards the route; every route that is not open names one. */
    action?: string;
    /**
     * The page has a place in the menu of whoever may do this action, or `action` where it is another, in any of `rooms`; lower ranks come first. Who
     * signs in begins on the first page of their menu.
     */
    menu?: { text: string; rank: number; action?: string; rooms?: readonly ('supervision' | 'support' | 'oversight')[] };
    /** Room of the action; supervision where not said. */
    room?: 'supervision' | 'support' | 'person' | 'oversight';
    /** Answers in JSON, refuses in JSON. */
    api?: boolean;
    /** Programs that know no Bearer credentials may give their token as the password of Basic sign-in. */
    basic?: boolean;
    /** The answer stays open. */
    stream?: boolean;
    /** A file may be sent. */
    takesFile?: boolean;
    /** Fields of the form that may stand several times. */
    lists?: string[];
  }
}

/** What is open while the server runs, as far as no capability is concerned. */
export interface House {
  config: Config;
  folder: DataFolder;
  database: OpenDatabase;
  access: AccessPolicy;
  changes: Changes;
  performer: Performer;
  fixes: FixStore;
  gazetteer: Gazetteer;
  addressService: AddressService | null;
  /** Where several servers share the work: how much of it this one does. */
  together: { leases: { held: number } } | null;
  timeZone: string;
}

export type RouteSet = (app: FastifyInstance, web: WebKit) => Promise<void> | void;

/** What routes for devices need: they know no page, and nobody who is signed in. */
export type DeviceKit = Pick<WebKit, 'waymark' | 'metrics'>;
export type DeviceRoutes = (app: FastifyInstance, kit: DeviceKit) => Promise<void> | void;

/** Something that stands on top of every page. */
export interface PageBar {
  action: string;
  room: 'supervision' | 'support' | 'person' | 'oversight';
  template: string;
  read(actor: Actor): Promise<object>;
}

/** What waits for those who work for one purpose, on the page on which they begin. */
export interface StartPart {
  purpose: Purpose;
  room: 'supervision' | 'support' | 'oversight';
  /** It can be asked for one's own people alone. */
  asksWhose?: boolean;
  read(request: FastifyRequest): Promise<Waiting[]>;
}

/** What routes need besides Fastify. */
export interface WebKit {
  waymark: House;
  metrics: Metrics;
  page(request: FastifyRequest, reply: FastifyReply, template: string, data?: object): Promise<FastifyReply>;
  /** Renders a part of a page, for a script to put in its place. */
  fragment(reply: FastifyReply, template: string, data: object): FastifyReply;
  /** The same as text, to be told among other things. */
  part(template: string, data: object): string;
  /** Has verdicts that are due worked out soon, in the background. */
  askForVerdicts(): Promise<void>;
  /** Who is signed in. */
  sessions: Pick<DatabaseSessionStore, 'signedIn' | 'endAllOf'>;
  /** Has it told when a session ends, so that what is open of it ends too. */
  onSessionEnd(tell: (session: string) => void): void;
  /**
   * Puts something on top of every page of whoever may do an action.
   * @param read gives what the template shows; nothing where there is nothing to show
   */
  onEveryPage(bar: PageBar): void;
  /** Says what waits for some of those who begin their day here. */
  onStart(part: StartPart): void;
  /** Tells the person, on the next page, what was done. */
  notice(request: FastifyRequest, text: string): void;
}
