/** A message as it stands in the log. */
export interface LogMessage {
  seq: number;
  data: Uint8Array;
}

/** One order of everything that is stored, which several servers read: whoever reads it from the beginning comes to the same. */
export interface MessageLog {
  /** Stores a message; resolves when it is on most disks. What could not be had may be there all the same, and may be sent again. */
  publish(data: Uint8Array): Promise<void>;
  /** The numbers of the first message that is there still, and of the last; 1 and 0 before there is one. */
  extent(): Promise<{ first: number; last: number }>;
  /** Forgets everything up to a message. */
  purge(upto: number): Promise<void>;
  /**
   * Hands over every message after one, in order and without a gap, until the signal. Resolves when it has ended.
   * @param take gets some at once
   * @param told of what goes wrong on the way, which is tried again; and with null that it goes well again
   * @throws what says that the next message is not there any more
   */
  read(after: number, take: (messages: LogMessage[]) => Promise<void>, told: (error: unknown) => void, signal: AbortSignal): Promise<void>;
  /** What the installation that this log belongs to is called; null where nobody has said. */
  installation(): Promise<string | null>;
  setInstallation(id: string): Promise<void>;
  /** The error for whoever is refused, in words. */
  refusal(why: string): Error;
}
