/** I/O: whether anybody can see the page: a hidden one holds no connection that others need. */
import { useEffect, useState } from 'preact/hooks';

export function useInSight(): boolean {
  const [inSight, setInSight] = useState(!document.hidden);
  useEffect(() => {
    const look = () => setInSight(!document.hidden);
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);
  return inSight;
}
