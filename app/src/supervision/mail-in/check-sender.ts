import type { AddressObject, ParsedMail } from 'mailparser';

/** The one address in From, in small letters; empty for a message that claims several, or writes the line twice: it is nobody's. */
export function senderOf({ from, headerLines }: ParsedMail): string {
  const all = (from as AddressObject | undefined)?.value ?? [];
  const [only] = all;
  const isOne = all.length === 1 && headerLines.filter(({ key }) => key === 'from').length === 1;
  return isOne ? (only?.address ?? '').toLowerCase() : '';
}

/** Why a message of a known sender is not read; empty where nothing speaks against it. */
export function refusalOf(mail: ParsedMail, checkedBy: string | null): string {
  const header = (name: string) => String(mail.headers.get(name) ?? '').toLowerCase();
  const auto = header('auto-submitted');
  // What machines answer is not answered, or two of them would write for ever.
  if ((auto !== '' && auto !== 'no') || /bulk|list|junk/.test(header('precedence')))
    return 'It was sent by a machine as an answer or to a list.';
  if (checkedBy === null) return '';
  const said = mail.headerLines
    .filter(({ key }) => key === 'authentication-results')
    .map(({ line }) => readResults(line.replace(/^[^:]*:/, '')))
    // Only what the mail server of this mailbox wrote; a sender can write such lines as well.
    .filter(({ by }) => by === checkedBy.toLowerCase());
  // Servers write above what a message came with: of the lines that bear their name the first is theirs.
  const [own] = said;
  if (!own) return `${checkedBy} did not say whether it came from where it claims.`;
  const domain = senderOf(mail).split('@').at(-1) ?? '';
  const isFailed = said.some(({ results }) => results.some(({ method, result }) => method === 'dmarc' && /fail/.test(result)));
  return !isFailed && own.results.some((one) => confirms(one, domain))
    ? ''
    : `${checkedBy} could not confirm that it came from where it claims.`;
}

interface Result {
  method: string;
  result: string;
  /** Such as `header.d`. */
  properties: Map<string, string>;
}

/** A result is believed of the domain that it names: DMARC of that in From, a signature of the same domain or one above it. */
function confirms({ method, result, properties }: Result, domain: string): boolean {
  if (result !== 'pass' || domain === '') return false;
  if (method === 'dmarc') return properties.get('header.from') === domain;
  const signed = (properties.get('header.d') ?? properties.get('header.i')?.split('@').at(-1) ?? '').replace(/\.$/, '');
  return method === 'dkim' && signed.includes('.') && (domain === signed || domain.endsWith(`.${signed}`));
}

/** A line of Authentication-Results (RFC 8601): who wrote it, and each method with its result. Comments and quoted text claim nothing. */
export function readResults(line: string): { by: string; results: Result[] } {
  const [head = '', ...parts] = tokensOf(line);
  return {
    by: (head[0] ?? '').toLowerCase(),
    results: parts.flatMap(([first = '', ...rest]) => {
      const found = /^([a-z0-9-]+)(?:\/\d+)?=([a-z]+)$/.exec(first.toLowerCase());
      if (!found) return [];
      const properties = new Map<string, string>();
      for (const token of rest) {
        const at = token.indexOf('=');
        if (at > 0) properties.set(token.slice(0, at).toLowerCase(), token.slice(at + 1).toLowerCase());
      }
      return [{ method: found[1] as string, result: found[2] as string, properties }];
    }),
  };
}

/** Words of a structured line, by its parts between semicolons; comments are left out, and quoted text stays within its word. */
function tokensOf(line: string): string[][] {
  const parts: string[][] = [[]];
  let word = '';
  let depth = 0;
  let isQuoted = false;
  const end = () => {
    if (word !== '') parts.at(-1)?.push(word);
    word = '';
  };
  for (let i = 0; i < line.length; i++) {
    const char = line.charAt(i);
    if (char === '\\' && (isQuoted || depth > 0)) {
      i++;
      if (isQuoted) word += line.charAt(i);
    } else if (isQuoted) {
      if (char === '"') isQuoted = false;
      else word += char;
    } else if (char === '(') depth++;
    else if (char === ')') depth = Math.max(0, depth - 1);
    else if (depth > 0) continue;
    else if (char === '"') isQuoted = true;
    else if (char === ';') {
      end();
      parts.push([]);
    } else if (/\s/.test(char)) end();
    else word += char;
  }
  end();
  return parts;
}
