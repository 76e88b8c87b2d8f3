import { ToldError } from '../told-error.ts';

/** A workbook cannot be read; the message says what to do. */
export class WorkbookFault extends ToldError {
  override name = 'WorkbookFault';
}
