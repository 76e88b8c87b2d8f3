import { InvalidError } from './action.ts';
import { notText, textOfBytes } from './read-text.ts';

/** The text of a file. @throws InvalidError where it is no text */
export function textIn(bytes: Uint8Array): string {
  if (bytes.length === 0) throw new InvalidError('Choose a file.', 'file');
  const why = notText(bytes);
  if (why) throw new InvalidError(`This is no CSV file: ${why}`, 'file');
  return textOfBytes(bytes);
}
