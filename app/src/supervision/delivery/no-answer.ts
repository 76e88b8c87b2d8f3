/** Why nobody answered a request, in words for an operator. @param patienceMs how long it was waited */
export function noAnswer(error: unknown, patienceMs: number): Error {
  const { name, cause, message } = error as Error & { cause?: { code?: string } };
  return new Error(name === 'TimeoutError' ? `No answer within ${patienceMs / 1000} s` : (cause?.code ?? message));
}
