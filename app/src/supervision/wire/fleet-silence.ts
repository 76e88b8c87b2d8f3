/** What was heard of tags and gateways since the server started: how many receipts, and when the last of them came, ms since 1970. */
export interface Heard {
  receipts: number;
  lastMs: number;
}

/** A fleet of which at least so many receipts came is never silent altogether for so long, ms. */
const heardOften = 50;
const silentForMs = 15 * 60_000;

/** That nobody sends any more, in words: tags fall silent one by one, and all at once only when something stands between. Null while they send. */
export function fleetSilence({ receipts, lastMs }: Heard, now: number): string | null {
  if (receipts < heardOften || now - lastMs < silentForMs) return null;
  return (
    `No tag and no gateway has sent anything for ${Math.floor((now - lastMs) / 60_000)} minutes, since ${new Date(lastMs).toISOString()}. ` +
    'Look at the broker, the gateways and the network between.'
  );
}
