import { NotifyClient } from 'notifications-node-client';

/** What GOV.UK Notify needs: a key, and for each way a template that shows `((text))`, and `((subject))` in an e-mail. */
export interface NotifySettings {
  key: string;
  /** Where it answers; GOV.UK's own when missing. */
  url?: string;
  textTemplate?: string;
  emailTemplate?: string;
}

/** What its states mean for whoever asked: it is still on its way, it arrived, or it did not. */
export type Receipt = 'on its way' | 'delivered' | 'not delivered';

const arrived = new Set(['delivered', 'sent', 'received']);
const failed = new Set(['permanent-failure', 'temporary-failure', 'technical-failure', 'cancelled', 'validation-failed']);

/** Sends through GOV.UK Notify (https://docs.notifications.service.gov.uk/node.html), and asks it what became of a message. */
export class Notify {
  readonly #client: InstanceType<typeof NotifyClient>;
  readonly #settings: NotifySettings;
  readonly #patienceMs: number;

  constructor(settings: NotifySettings, patienceMs: number) {
    this.#settings = settings;
    this.#patienceMs = patienceMs;
    this.#client = settings.url ? new NotifyClient(settings.url, settings.key) : new NotifyClient(settings.key);
  }

  sends(channel: 'e-mail' | 'text message'): boolean {
    return Boolean(channel === 'e-mail' ? this.#settings.emailTemplate : this.#settings.textTemplate);
  }

  /** Gives its number of the message. @throws Error with what it says is wrong */
  async send(
    channel: 'e-mail' | 'text message',
    target: string,
    { subject, text, id }: { subject: string; text: string; id: string },
  ): Promise<string> {
    const { emailTemplate = '', textTemplate = '' } = this.#settings;
    const { data } = await this.#within<{ data: { id: string } }>(
      channel === 'e-mail'
        ? this.#client.sendEmail(emailTemplate, target, { personalisation: { subject, text }, reference: id })
        : this.#client.sendSms(textTemplate, target, { personalisation: { text }, reference: id }),
    );
    return String(data.id);
  }

  /** @throws Error where it does not answer */
  async receiptOf(id: string): Promise<Receipt> {
    const { data } = await this.#within<{ data: { status: string } }>(this.#client.getNotificationById(id));
    return arrived.has(data.status) ? 'delivered' : failed.has(data.status) ? 'not delivered' : 'on its way';
  }

  async #within<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`No answer within ${this.#patienceMs / 1000} s`)), this.#patienceMs);
    });
    try {
      return await Promise.race([answer, late]);
    } catch (error) {
      throw new Error(saidBy(error));
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What Notify says is wrong, without what it was sent: that has a number and a text in it. */
function saidBy(error: unknown): string {
  const { response, code, message } = error as Error & {
    code?: string;
    response?: { status: number; data?: { errors?: { message: string }[] } };
  };
  if (!response) return code ?? message;
  const said = response.data?.errors?.map((own) => own.message).join('; ');
  return `Notify answered with ${response.status}${said ? `: ${said}` : ''}`;
}
