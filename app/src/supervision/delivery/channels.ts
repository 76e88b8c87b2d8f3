import { createHmac } from 'node:crypto';
import { createTransport, type Transporter } from 'nodemailer';
import { Webhook } from 'standardwebhooks';
import type { Channel } from '../schema/tables.ts';
import { noAnswer } from './no-answer.ts';
import { Notify, type NotifySettings, type Receipt } from './notify.ts';
import { Push, type PushSettings } from './push.ts';

/** What leaves: an alert by number, kind and reference. No name and no place: those are read after signing in. */
export interface Message {
  delivery: number;
  /** Null for a trial. */
  alert: number | null;
  severity: string;
  what: string;
  reference: string;
  raisedAt: string;
  url: string;
}

export interface ChannelSettings {
  /** `smtp://user:secret@host:port` or `smtps://…`. */
  smtpUrl?: string;
  mailFrom?: string;
  /** Hosts that webhooks may go to; any other is refused. */
  webhookHosts: readonly string[];
  /** A gateway that takes `{"to", "text"}` and sends text messages. */
  smsUrl?: string;
  /** GOV.UK Notify, for what it has a template for and neither of the above is set up. */
  notify?: NotifySettings;
  /** For messages to people's own phones and computers. */
  push?: PushSettings;
  /** Ends the waiting for an answer of a web address; ten seconds after the sending when missing. */
  giveUp?: (url: string) => AbortSignal;
}

/** Words to one person or one duty desk. */
export interface Words {
  subject: string;
  text: string;
  /** Of this message among all: what is sent again bears it again. */
  id: string;
  headers?: Record<string, string>;
  /** From when on it is of no use, ms since 1970; a way that keeps messages forgets it then. */
  goodUntil?: number;
  /** The Message-ID of an e-mail that it answers, by itself. */
  answers?: string;
  /** What a gateway checks the signature by. */
  secret: string;
}

/** By which people are told in words; push messages of what they chose themselves alone. */
export type WordsChannel = Exclude<Channel, 'webhook'> | 'push message';

/** Whoever does not answer is waited for this long, ms. */
const patienceMs = 10_000;

/** The ways out of the house. Each attempt either delivers or throws with what went wrong. */
export class Channels {
  readonly #settings: ChannelSettings;
  readonly #mail: Transporter | null;
  readonly #notify: Notify | null;
  readonly #push: Push | null;
  readonly #giveUp: (url: string) => AbortSignal;

  constructor(settings: ChannelSettings) {
    this.#settings = settings;
    this.#giveUp = settings.giveUp ?? (() => AbortSignal.timeout(patienceMs));
    this.#notify = settings.notify ? new Notify(settings.notify, patienceMs) : null;
    this.#push = settings.push ? new Push(settings.push, patienceMs) : null;
    const patience = { connectionTimeout: patienceMs, greetingTimeout: patienceMs, socketTimeout: patienceMs };
    this.#mail = settings.smtpUrl ? createTransport({ url: settings.smtpUrl, ...patience }) : null;
  }

  /** What a browser is to ask for push messages with; null where none are sent. */
  get pushKey(): string | null {
    return this.#push?.publicKey ?? null;
  }

  canTell(channel: WordsChannel): boolean {
    if (channel === 'push message') return this.#push !== null;
    if (this.#notify?.sends(channel)) return true;
    return channel === 'e-mail' ? this.#mail !== null : Boolean(this.#settings.smsUrl);
  }

  /** Why a target cannot be used, and what to do; null when it can. */
  faultOf(channel: Channel | WordsChannel, target: string): string | null {
    switch (channel) {
      case 'push message':
        return this.#push ? this.#push.faultOf(target) : 'Push messages are not set up. Whoever runs the server sets WAYMARK_PUSH_CONTACT.';
      case 'e-mail':
        if (!this.canTell(channel)) return 'E-mail is not set up. Whoever runs the server sets SMTP_URL or WAYMARK_NOTIFY_EMAIL.';
        return /^[^\s@,;]+@[^\s@,;]+\.[^\s@,;]+$/.test(target) ? null : 'Enter one e-mail address, such as duty@agency.example.';
      case 'text message':
        if (!this.canTell(channel))
          return 'Text messages are not set up. Whoever runs the server sets WAYMARK_SMS_URL or WAYMARK_NOTIFY_TEXT.';
        return /^\+[1-9]\d{6,14}$/.test(target) ? null : 'Enter the number with its country, such as +447700900123.';
      default:
        return this.#faultOfWebhook(target);
    }
  }

  #faultOfWebhook(target: string): string | null {
    const url = URL.parse(target);
    if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return 'Enter a web address that begins with https://.';
    if (url.username || url.password) return 'Leave the password out of the address: messages are signed instead.';
    if (!this.#settings.webhookHosts.includes(url.host) && !this.#settings.webhookHosts.includes(url.hostname))
      return `Messages may not go to ${url.host}. Whoever runs the server allows hosts with WAYMARK_WEBHOOK_HOSTS.`;
    const isLocal = url.hostname === '127.0.0.1' || url.hostname === 'localhost';
    return url.protocol === 'https:' || isLocal ? null : 'Use https://, so that nobody can read the messages on their way.';
  }

  /** Gives the provider's number of the message, where it tells what became of it. @throws Error with what went wrong, in words for an operator */
  async send(channel: Channel, target: string, secret: string, message: Message): Promise<string | null> {
    if (channel === 'webhook') {
      this.#check(channel, target);
      const type = message.alert === null ? 'trial' : 'alert.raised';
      await this.#post(target, secret, { type, timestamp: message.raisedAt, ...message }, `delivery-${message.delivery}`, {
        'waymark-delivery': String(message.delivery),
      });
      return null;
    }
    const alert = `${message.severity} alert ${message.alert ?? '(a trial)'}: ${message.what}`;
    return this.tell(channel, target, {
      subject: alert,
      text: channel === 'e-mail' ? textOf(message) : `${alert}. ${message.url}`,
      id: `delivery-${message.delivery}`,
      headers: { 'waymark-delivery': String(message.delivery) },
      secret,
    });
  }

  /** Sends words. Gives the provider's number of them, where it tells what became of them. @throws Error with what went wrong */
  async tell(channel: WordsChannel, target: string, words: Words): Promise<string | null> {
    this.#check(channel, target);
    const { subject, text, id, headers = {}, secret, goodUntil, answers } = words;
    if (channel === 'push message') {
      await (this.#push as Push).send(target, { subject, text, id, ...(goodUntil === undefined ? {} : { goodUntil }) });
      return null;
    }
    if (channel === 'e-mail' && this.#mail) {
      await this.#mail.sendMail({
        from: this.#settings.mailFrom ?? 'waymark@localhost',
        to: target,
        subject,
        text,
        ...(answers === undefined ? {} : { inReplyTo: answers, references: answers }),
        headers: {
          ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [`X-${name}`, value])),
          // Whoever answers by itself says so, or two machines would write to each other for ever.
          ...(answers === undefined ? {} : { 'Auto-Submitted': 'auto-replied' }),
        },
      });
      return null;
    }
    if (channel === 'text message' && this.#settings.smsUrl) {
      await this.#post(this.#settings.smsUrl, secret, { to: target, text }, id, headers);
      return null;
    }
    return (this.#notify as Notify).send(channel, target, { subject, text, id });
  }

  /** Tells another system. @throws Error with what went wrong */
  async hook(target: string, secret: string, body: object, id: string): Promise<void> {
    this.#check('webhook', target);
    await this.#post(target, secret, body, id, {});
  }

  /** What became of a message. @throws Error where nobody answers */
  async receiptOf(id: string): Promise<Receipt | null> {
    return this.#notify?.receiptOf(id) ?? null;
  }

  /** What was allowed when somebody chose it may not be any more. */
  #check(channel: Channel | WordsChannel, target: string): void {
    const fault = this.faultOf(channel, target);
    if (fault) throw new Error(fault.replace(/\.$/, ''));
  }

  async #post(url: string, secret: string, body: object, id: string, headers: Record<string, string>): Promise<void> {
    const text = JSON.stringify(body);
    const seconds = Math.floor(Date.now() / 1000);
    let response: Response;
    try {
      response = await fetch(url, {
        method: 'POST',
        body: text,
        redirect: 'error',
        signal: this.#giveUp(url),
        headers: {
          'content-type': 'application/json',
          ...standardHeaders(secret, id, seconds, text),
          ...headers,
          'waymark-signature': `t=${seconds},v1=${signatureOf(secret, seconds, text)}`,
        },
      });
    } catch (error) {
      throw noAnswer(error, patienceMs);
    }
    await response.body?.cancel();
    if (!response.ok) throw new Error(`Answered with ${response.status}`);
  }

  close(): void {
    this.#mail?.close();
  }
}

/** What the secrets of rules begin with, so that any library for Standard Webhooks takes them as they are. */
export const secretPrefix = 'whsec_';

/** As https://www.standardwebhooks.com has them: any of its libraries checks them. A secret of before is a key as it stands. */
export function standardHeaders(secret: string, id: string, seconds: number, body: string): Record<string, string> {
  const webhook = new Webhook(secret, secret.startsWith(secretPrefix) ? {} : { format: 'raw' });
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': webhook.sign(id, new Date(1000 * seconds), body),
  };
}

/** HMAC-SHA-256 over the time and the body, in hexadecimal: what receivers from before Standard Webhooks check. */
export function signatureOf(secret: string, seconds: number, body: string): string {
  return createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
}

function textOf({ alert, severity, what, reference, raisedAt, url }: Message): string {
  if (alert === null) return `This is a trial. Nothing has happened.\n\n${url}\n`;
  return `${severity} alert ${alert}\n\n${what}\nReference: ${reference}\nRaised: ${raisedAt}\n\nRead it, and what it rests on, at\n${url}\n\nAn alert is a reason to ask, not a finding.\n`;
}
