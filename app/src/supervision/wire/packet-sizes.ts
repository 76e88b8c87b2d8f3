/**
 * Follows the framing of an MQTT stream (MQTT 3.1.1, 2.2: a type byte, then the remaining length in 7-bit groups) and says
 * whether a packet announces more than is allowed, before its bytes have been gathered.
 */
export class PacketSizes {
  readonly #atMost: number;
  /** Bytes of the packet at hand that are still to come. */
  #left = 0;
  #inLength = false;
  #length = 0;
  #shift = 0;

  constructor(atMost: number) {
    this.#atMost = atMost;
  }

  /** False once a packet is too long, or its length is none. */
  accepts(chunk: Buffer): boolean {
    let i = 0;
    while (i < chunk.length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - i);
        this.#left -= taken;
        i += taken;
        continue;
      }
      const byte = chunk[i++] as number;
      if (!this.#inLength) {
        this.#inLength = true;
        this.#length = 0;
        this.#shift = 0;
        continue;
      }
      this.#length += (byte & 127) * 2 ** this.#shift;
      this.#shift += 7;
      if ((byte & 128) !== 0) {
        if (this.#shift >= 28) return false;
        continue;
      }
      if (this.#length > this.#atMost) return false;
      this.#inLength = false;
      this.#left = this.#length;
    }
    return true;
  }
}
