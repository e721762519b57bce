/** I/O: whether a process lives. */
import { readFileSync } from 'node:fs';

/** Whether there is a process of this machine with this number, and not only its number. */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0); // asks, and does nothing
    return !isZombie(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // someone else's
  }
}

/** Whether it has ended and nobody has taken note, as in containers whose first process takes none. */
function isZombie(pid: number): boolean {
  try {
    // pid (name) state: the name may hold anything
    return /\) Z [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false; // a system without it
  }
}
