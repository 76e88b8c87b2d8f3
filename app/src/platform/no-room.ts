/** What whoever was refused for it is told. */
export const noRoomInWords =
  'There is no room left on the server’s disk. Nothing of this was stored. Whoever runs the server makes room; then send it again.';

/** Whether something failed because a disk is full: as the file system, PostgreSQL (53100) or the fix store says it. */
export function isOutOfRoom(error: unknown): boolean {
  const { code, message = '' } = (error ?? {}) as { code?: unknown; message?: string };
  return (
    ['ENOSPC', 'EDQUOT', 'EFBIG', '53100'].includes(String(code)) ||
    /No space left on device|Disk quota exceeded|File too large/.test(message)
  );
}
