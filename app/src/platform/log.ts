import { type Logger, pino } from 'pino';

/**
 * Structured logs without personal data: requests are logged by route pattern, never by address, and errors by name.
 */
export function makeLog(level: string): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: ['req.headers', 'headers', 'authorization', 'cookie', 'password', 'token'], remove: true },
  });
}
